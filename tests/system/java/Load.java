import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.OutOfOrderSequenceException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * A steady load with a journal, until standard input ends. load.py says what the words and lines are, and load_confluent.py is
 * the same for librdkafka.
 */
public final class Load {
	private static final ObjectMapper JSON = new ObjectMapper();
	private static final int RECORDS = 20; // of a transaction
	private static final int ABORTED = 5; // every so many of them, on purpose

	private static volatile boolean over;

	private final Properties config = new Properties();
	private KafkaProducer<byte[], byte[]> producer;
	private final String topic;
	private final String name;
	private final int[] next; // sequence, by partition
	private final int rate;
	private final int bad;
	private long sent;
	private int refusable;
	private long due = System.nanoTime();

	private Load(String[] args) {
		config.put("bootstrap.servers", args[1]);
		for (String row : List.of(args).subList(7, args.length)) {
			String[] pair = row.split("=", 2);
			config.put(pair[0], pair[1]);
		}
		topic = args[2];
		name = args[3];
		next = new int[Integer.parseInt(args[4])];
		rate = Integer.parseInt(args[5]);
		bad = Integer.parseInt(args[6]);
		open();
	}

	private void open() {
		producer = new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer());
	}

	public static void main(String[] args) throws Exception {
		Thread ending = new Thread(() -> {
			try {
				while (System.in.read() >= 0) {
				}
			} catch (java.io.IOException error) {
				// as good as its end
			}
			over = true;
		});
		ending.setDaemon(true);
		ending.start();
		Load load = new Load(args);
		if (args[0].equals("idempotent")) {
			load.idempotent();
		} else {
			load.transactional();
		}
		load.producer.close();
	}

	private static synchronized void say(ObjectNode line) {
		System.out.println(line.put("at", System.currentTimeMillis() / 1000.0));
		System.out.flush();
	}

	/** Waits until so many more records are due; what could not be sent in time is not made up for. */
	private void pace(int records) {
		long now = System.nanoTime();
		due = Math.max(due, now);
		LockSupport.parkNanos(due - now);
		due += records * 1_000_000_000L / rate;
	}

	/** Partition and sequence of the next record; one below 0 is a bad one. */
	private int[] turn() {
		int partition = (int) (sent++ % next.length);
		boolean isBad = bad > 0 && sent % bad == 0;
		return new int[] {partition, isBad ? -(++refusable) : next[partition]++};
	}

	private ProducerRecord<byte[], byte[]> record(int[] turn) {
		ObjectNode value = JSON.createObjectNode().put("producer", name).put("partition", turn[0]).put("sequence", turn[1]);
		return new ProducerRecord<>(topic, turn[0], null, value.toString().getBytes(StandardCharsets.UTF_8));
	}

	private void idempotent() {
		while (!over) {
			pace(1);
			int[] turn = turn();
			producer.send(record(turn), (where, error) -> say(outcome(turn, where, error)));
		}
	}

	private static ObjectNode outcome(int[] turn, RecordMetadata where, Exception error) {
		ObjectNode line = JSON.createObjectNode().put("partition", turn[0]).put("sequence", turn[1]);
		if (error == null) {
			return line.put("offset", where.offset());
		}
		return line.put("error", error.getClass().getSimpleName()).put("message", error.getMessage());
	}

	private void transactional() {
		begin();
		for (int n = 1; !over; n++) {
			pace(RECORDS);
			ObjectNode line = JSON.createObjectNode();
			ArrayNode records = line.putArray("records");
			try {
				producer.beginTransaction();
				for (int i = 0; i < RECORDS; i++) {
					int[] turn = turn();
					records.addArray().add(turn[0]).add(turn[1]);
					producer.send(record(turn));
				}
				say(line.put("outcome", end(n % ABORTED == 0)));
			} catch (ProducerFencedException | OutOfOrderSequenceException | AuthorizationException | UnsupportedVersionException fatal) {
				say(line.put("outcome", "fatal").put("why", fatal.toString()));
				producer.close(Duration.ZERO);
				open();
				begin();
			} catch (KafkaException error) {
				end(true);
				say(line.put("outcome", "failed").put("why", error + ": " + error.getCause()));
			}
		}
	}

	/** Ends what a producer before this one has left open. */
	private void begin() {
		while (true) {
			try {
				producer.initTransactions();
				return;
			} catch (TimeoutException again) {
				continue;
			}
		}
	}

	/** What did not come to its end in max.block.ms is asked for again, as the producer's manual says. */
	private String end(boolean abort) {
		while (true) {
			try {
				if (abort) {
					producer.abortTransaction();
					return "aborted";
				}
				producer.commitTransaction();
				return "committed";
			} catch (TimeoutException again) {
				continue;
			}
		}
	}
}
