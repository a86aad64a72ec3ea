import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.OutOfOrderSequenceException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * The Java client of the system tests. Speaks JSON lines; clients.py says which, and confluent.py is the same for librdkafka.
 */
public final class Client {
	private static final ObjectMapper JSON = new ObjectMapper();

	public static void main(String[] args) throws Exception {
		switch (args[0]) {
		case "produce" -> produce(args[1], config(args, 2));
		case "consume" -> consume(args[1], args[2], args[3], Integer.parseInt(args[4]), config(args, 5));
		case "nodes" -> nodes(args[1]);
		case "topics" -> topics(args[1]);
		default -> throw new IllegalArgumentException(args[0]);
		}
	}

	private static Properties config(String[] args, int from) {
		Properties config = new Properties();
		for (String row : List.of(args).subList(from, args.length)) {
			String[] pair = row.split("=", 2);
			config.put(pair[0], pair[1]);
		}
		return config;
	}

	private static synchronized void say(ObjectNode line) {
		System.out.println(line);
		System.out.flush();
	}

	private static byte[] bytes(JsonNode value) {
		return value == null || value.isNull() ? null : value.asText().getBytes(StandardCharsets.UTF_8);
	}

	private static String text(byte[] value) {
		return value == null ? null : new String(value, StandardCharsets.UTF_8);
	}

	private static void produce(String bootstrap, Properties config) throws Exception {
		config.put("bootstrap.servers", bootstrap);
		var input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
		try (var producer = new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer())) {
			if (config.containsKey("transactional.id")) {
				producer.initTransactions();
			}
			int index = 0;
			for (String line; (line = input.readLine()) != null;) {
				JsonNode wish = JSON.readTree(line);
				if (wish.has("flush")) {
					producer.flush();
					say(JSON.createObjectNode().put("flushed", true));
				} else if (wish.has("transaction")) {
					transaction(producer, wish.get("transaction").asText());
				} else {
					send(producer, wish, index++);
				}
			}
			producer.flush();
		}
	}

	private static void send(KafkaProducer<byte[], byte[]> producer, JsonNode wish, int index) {
		Integer partition = wish.has("partition") ? wish.get("partition").asInt() : null;
		var record = new ProducerRecord<>(wish.get("topic").asText(), partition, bytes(wish.get("key")), bytes(wish.get("value")));
		if (wish.has("headers")) {
			for (Map.Entry<String, JsonNode> header : wish.get("headers").properties()) {
				record.headers().add(header.getKey(), bytes(header.getValue()));
			}
		}
		try {
			producer.send(record, (where, error) -> say(outcome(index, where, error)));
		} catch (KafkaException error) {       // a transaction that must be aborted takes no more
			say(outcome(index, null, error));
		}
	}

	private static void transaction(KafkaProducer<byte[], byte[]> producer, String step) {
		ObjectNode line = JSON.createObjectNode().put("transaction", step);
		try {
			switch (step) {
			case "begin" -> producer.beginTransaction();
			case "commit" -> producer.commitTransaction();
			case "abort" -> producer.abortTransaction();
			default -> throw new IllegalArgumentException(step);
			}
		} catch (ProducerFencedException | OutOfOrderSequenceException | AuthorizationException error) {
			line.put("error", error.getClass().getSimpleName()).put("message", error.getMessage()).put("fatal", true);
		} catch (KafkaException error) {
			line.put("error", error.getClass().getSimpleName()).put("message", error.getMessage());
		}
		say(line);
	}

	private static ObjectNode outcome(int index, RecordMetadata where, Exception error) {
		ObjectNode line = JSON.createObjectNode().put("index", index);
		if (error == null) {
			return line.put("partition", where.partition()).put("offset", where.offset());
		}
		return line.put("error", error.getClass().getSimpleName()).put("message", error.getMessage());
	}

	private static void consume(String bootstrap, String group, String topic, int count, Properties config) {
		config.put("bootstrap.servers", bootstrap);
		config.put("group.id", group);
		config.put("enable.auto.commit", "false");
		config.putIfAbsent("auto.offset.reset", "earliest");
		try (var consumer = new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
			consumer.subscribe(List.of(topic));
			for (int left = count; left > 0;) {
				for (var record : consumer.poll(Duration.ofMillis(200))) {
					say(line(record));
					left--;
				}
			}
			consumer.commitSync();
		}
	}

	private static ObjectNode line(ConsumerRecord<byte[], byte[]> record) {
		ObjectNode line = JSON.createObjectNode().put("partition", record.partition()).put("offset", record.offset());
		line.put("key", text(record.key())).put("value", text(record.value()));
		ObjectNode headers = line.putObject("headers");
		for (Header header : record.headers()) {
			headers.put(header.key(), text(header.value()));
		}
		return line;
	}

	private static void nodes(String bootstrap) throws Exception {
		try (Admin admin = Admin.create(Map.of("bootstrap.servers", (Object) bootstrap))) {
			for (Node node : admin.describeCluster().nodes().get()) {
				say(JSON.createObjectNode().put("id", node.id()).put("host", node.host()).put("port", node.port()));
			}
		}
	}

	private static void topics(String bootstrap) throws Exception {
		try (Admin admin = Admin.create(Map.of("bootstrap.servers", (Object) bootstrap))) {
			for (String name : admin.listTopics().names().get()) {
				say(JSON.createObjectNode().put("topic", name));
			}
		}
	}
}
