import java.nio.charset.StandardCharsets;

import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.message.Message;

/* Numbered messages through both masters, for a consumer of another language: cross.go. */
final class Cross implements Scenario {
	private static final int QUEUES = 4;
	private static final int MESSAGES = 400;

	@Override
	public String run() throws Exception {
		String topic = Mq.topic("cross", QUEUES);
		DefaultMQProducer producer = Mq.producer("cross");
		for (int i = 0; i < MESSAGES; i++)
			Mq.stored(producer.send(new Message(topic, "Odd" + i % 2, "key-" + i,
			    ("轉帳 " + i).getBytes(StandardCharsets.UTF_8))));
		return MESSAGES + " messages sent";
	}
}
