import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** Publishes a profile, as an upstream does: java Publish.java FILE. */
public class Publish {
    public static void main(String[] args) throws Exception {
        byte[] body = Files.readAllBytes(Path.of(args[0]));
        var profile = new ObjectMapper().readTree(body);
        String number = profile.get("profile_id").asText();
        int version = profile.get("version").asInt();
        var event = Map.of(
                "ce_specversion", "1.0",
                "ce_type", "profile.submitted",
                "ce_source", "/upstream/example",
                "ce_id", number + ":" + version,
                "ce_subject", number,
                "content-type", "application/json");
        Map<String, Object> kafka = Map.of("bootstrap.servers", System.getenv("EE_KAFKA_BOOTSTRAP"));
        try (var producer = new KafkaProducer<>(kafka, new StringSerializer(), new ByteArraySerializer())) {
            var record = new ProducerRecord<>("submission", number, body);
            event.forEach((name, value) -> record.headers().add(name, value.getBytes(StandardCharsets.UTF_8)));
            var place = producer.send(record).get(); // waits for the answer; throws if there is none
            System.out.println(number + " version " + version + ": " + place);
        }
    }
}
