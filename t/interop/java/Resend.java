import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageQueue;

/*
 * A topic with a dedup.window: a message that a client sends once more, with the unique key that it gave it, is
 * stored once and answered with the first one's place, whichever queue of the master it is for (D9).
 */
final class Resend implements Scenario {
	private static final int MESSAGES = 40;

	private final Map<String, Integer> came = new ConcurrentHashMap<>();

	@Override
	public String run() throws Exception {
		String topic = Mq.topic("resend", 2);
		Interop.ask("dedup " + topic + " 600");
		DefaultMQProducer producer = Mq.producer("resend");
		Mq.push("resend", topic, "*", message -> came.merge(Mq.text(message), 1, Integer::sum));
		for (int i = 0; i < MESSAGES; i++) {
			Message message = Mq.message(topic, "m" + i);
			SendResult first = Mq.stored(producer.send(message));
			MessageQueue queue = first.getMessageQueue();
			MessageQueue other = new MessageQueue(topic, queue.getBrokerName(), 1 - queue.getQueueId());
			same(Mq.stored(producer.send(message, queue)), first);
			same(Mq.stored(producer.send(message, other)), first);
			Mq.stored(producer.send(Mq.message(topic, "n" + i), queue));
		}
		Check.until("all messages", () -> came.size() == 2 * MESSAGES);
		for (Map.Entry<String, Integer> one : came.entrySet())
			Check.same(one.getValue(), 1, "times that " + one.getKey() + " came");
		return MESSAGES + " messages sent three times each, stored once";
	}

	private static void same(SendResult again, SendResult first) throws Exception {
		Check.same(Mq.offsetId(again), Mq.offsetId(first), "id of where it is");
		Check.same(again.getQueueOffset(), first.getQueueOffset(), "its queue offset");
	}
}
