"""kafka-python 2.0.2, which knows no SASL handshake but that of version 0: produces the lines of its input."""

import json
import sys

from kafka import KafkaProducer

bootstrap, topic, ca, password = sys.argv[1:]
producer = KafkaProducer(bootstrap_servers=bootstrap, security_protocol="SASL_SSL", ssl_cafile=ca, sasl_mechanism="PLAIN",
                         sasl_plain_username="alice", sasl_plain_password=password, retries=0, request_timeout_ms=20000)
for line in sys.stdin:
    try:
        print(json.dumps({"offset": producer.send(topic, line.rstrip("\n").encode()).get(20).offset}))
    except Exception as error:
        print(json.dumps({"error": type(error).__name__}))
