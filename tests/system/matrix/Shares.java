import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.AcknowledgeType;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.common.serialization.StringDeserializer;

/**
 * Shares BOOTSTRAP TOPIC GROUP COUNT: a share consumer that says of each record what became of it. The group begins
 * at the earliest record. By turns a record is accepted, released (it comes once more, and is accepted), rejected.
 */
public final class Shares {
	public static void main(String[] args) throws Exception {
		int count = Integer.parseInt(args[3]);
		Map<String, Object> config = Map.of("bootstrap.servers", args[0], "group.id", args[2], "share.acknowledgement.mode", "explicit");
		List<String> lines = new ArrayList<>();
		try (var consumer = new KafkaShareConsumer<>(config, new StringDeserializer(), new StringDeserializer())) {
			consumer.subscribe(List.of(args[1]));
			int settled = 0;
			while (settled < count) {
				for (var record : consumer.poll(Duration.ofMillis(500))) {
					AcknowledgeType type = type(record);
					consumer.acknowledge(record, type);
					settled += type == AcknowledgeType.RELEASE ? 0 : 1;
					lines.add(line(record, type));
				}
				consumer.commitSync().forEach((partition, error) -> error.ifPresent(e -> lines.add("refused: " + e.getClass().getSimpleName())));
			}
		}
		lines.sort(null);
		lines.forEach(System.out::println);
	}

	private static AcknowledgeType type(ConsumerRecord<String, String> record) {
		boolean again = record.deliveryCount().orElse((short) 1) > 1;
		return switch ((int) record.offset() % 3) {
		case 1 -> again ? AcknowledgeType.ACCEPT : AcknowledgeType.RELEASE;
		case 2 -> AcknowledgeType.REJECT;
		default -> AcknowledgeType.ACCEPT;
		};
	}

	private static String line(ConsumerRecord<String, String> record, AcknowledgeType type) {
		return String.format("%d %03d %s %s %d %s", record.partition(), record.offset(), record.key(), record.value(),
			record.deliveryCount().orElse((short) 0), type);
	}
}
