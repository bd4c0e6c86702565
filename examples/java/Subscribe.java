import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;

/** Follows scores and invitations, as a downstream service does: java Subscribe.java GROUP. */
public class Subscribe {
    public static void main(String[] args) throws Exception {
        Map<String, Object> kafka = Map.of(
                "bootstrap.servers", System.getenv("EE_KAFKA_BOOTSTRAP"),
                "group.id", args[0],
                "auto.offset.reset", "earliest",
                "enable.auto.commit", false);
        var json = new ObjectMapper();
        var seen = new HashMap<String, Long>(); // in memory, so nothing is committed
        try (var consumer = new KafkaConsumer<>(kafka, new StringDeserializer(), new ByteArrayDeserializer())) {
            consumer.subscribe(List.of("scored", "invited"));
            while (true) {
                for (var record : consumer.poll(Duration.ofSeconds(1))) {
                    if (record.value() == null) { // the profile was erased
                        seen.remove(record.key());
                        continue;
                    }
                    var body = json.readTree(record.value());
                    long sequence = body.get("sequence").asLong();
                    var id = new String(record.headers().lastHeader("ce_id").value(), StandardCharsets.UTF_8);
                    String slot = record.topic().equals("scored") ? record.key() : id;
                    if (sequence > seen.getOrDefault(slot, 0L)) { // state: drop sequence <= seen; facts: a ce_id seen
                        seen.put(slot, sequence);
                        System.out.println(record.topic() + " " + record.key() + " " + body.get("total").asInt());
                    }
                }
            }
        }
    }
}
