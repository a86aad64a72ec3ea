/* egctl demo: a Kafka of three brokers in memory, by librdkafka's mock cluster, for trying
 * the gateway without a JVM. Nothing in it outlives the process. Without arguments it has
 * the topics of etc/demo.yaml. Owner: egctl. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "egctl/egctl.h"

#define DEMO_BROKERS 3
#define DEMO_PARTITIONS 3

static int make_topics(const struct egctl *e, rd_kafka_mock_cluster_t *cluster, char **topics, int n)
{
	for (int i = 0; i < n; i++) {
		rd_kafka_resp_err_t error =
			rd_kafka_mock_topic_create(cluster, topics[i], DEMO_PARTITIONS, DEMO_BROKERS);
		if (error)
			return egctl_fail(e, "topic %s: %s", topics[i], rd_kafka_err2str(error));
	}
	return EGCTL_GOOD;
}

static void announce(const struct egctl *e, const rd_kafka_mock_cluster_t *cluster)
{
	const char *bootstrap = rd_kafka_mock_cluster_bootstraps(cluster);

	printf(e->json ? "{\"bootstrap\":\"%s\"}\n" : "bootstrap %s\n", bootstrap);
	fflush(stdout);
}

static int serve(const struct egctl *e, rd_kafka_t *rk, char **topics, int n, const sigset_t *until)
{
	rd_kafka_mock_cluster_t *cluster = rd_kafka_mock_cluster_new(rk, DEMO_BROKERS);

	if (!cluster)
		return egctl_fail(e, "the mock cluster could not be started");
	int code = make_topics(e, cluster, topics, n);
	if (code == EGCTL_GOOD) {
		announce(e, cluster);
		while (sigwaitinfo(until, NULL) < 0 && errno == EINTR)
			;
	}
	rd_kafka_mock_cluster_destroy(cluster);
	return code;
}

/* Quiet below errors: a producer without brokers of its own is what a mock cluster is. */
static rd_kafka_t *new_client(char *message, size_t n)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();

	if (rd_kafka_conf_set(conf, "log_level", "3", message, n) != RD_KAFKA_CONF_OK) {
		rd_kafka_conf_destroy(conf);
		return NULL;
	}
	rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, message, n);
	if (!rk)
		rd_kafka_conf_destroy(conf);
	return rk;
}

int egctl_demo(struct egctl *e, int argc, char **argv)
{
	static char *of_the_document[] = { "event-gateway-demo", "event-gateway-demo.switched",
	                                   "event-gateway-demo.commands.north", "event-gateway-demo.commands.south" };
	int n = argc > 1 ? argc - 1 : (int)ARRAY_LEN(of_the_document);
	char message[256];
	sigset_t until;

	for (int i = 1; i < argc; i++)
		if (argv[i][0] == '-' || argv[i][0] == 0)
			return egctl_usage(e, "'%s' is not the name of a topic", argv[i]);
	/* Before librdkafka starts its threads, so that they all leave these to us. */
	sigemptyset(&until);
	sigaddset(&until, SIGINT);
	sigaddset(&until, SIGTERM);
	sigaddset(&until, SIGHUP);
	sigprocmask(SIG_BLOCK, &until, NULL);
	rd_kafka_t *rk = new_client(message, sizeof message);
	if (!rk)
		return egctl_fail(e, "%s", message);
	int code = serve(e, rk, argc > 1 ? argv + 1 : of_the_document, n, &until);
	rd_kafka_destroy(rk);
	return code;
}
