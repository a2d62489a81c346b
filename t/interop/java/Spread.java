import java.util.Map;
import java.util.TreeMap;

import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.common.message.MessageQueue;

/* A producer spreads evenly over the queues of both masters (PR9). */
final class Spread implements Scenario {
	private static final int QUEUES = 4;
	private static final int ROUNDS = 50;

	@Override
	public String run() throws Exception {
		String topic = Mq.topic("spread", QUEUES);
		DefaultMQProducer producer = Mq.producer("spread");
		Ledger ledger = new Ledger(topic, 12, 12);
		Map<MessageQueue, Integer> counts = new TreeMap<>();
		for (int i = 0; i < 2 * QUEUES * ROUNDS; i++) {
			SendResult result = Mq.stored(producer.send(ledger.message(i)));
			counts.merge(result.getMessageQueue(), 1, Integer::sum);
		}
		Check.same(counts.size(), 2 * QUEUES, "queues that got messages");
		for (Map.Entry<MessageQueue, Integer> count : counts.entrySet())
			Check.that(Math.abs(count.getValue() - ROUNDS) <= 1,
			    count.getKey() + " got " + count.getValue() + ", wanted " + ROUNDS);
		return counts.size() + " queues, " + ROUNDS + " messages each";
	}
}
