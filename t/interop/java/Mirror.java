import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/*
 * A master dies, and its slave is there: what it holds is read from the slave, sends go to the other
 * master, and after its return the group goes on where it was.
 */
final class Mirror implements Scenario {
	private static final String VICTIM = "broker-a";
	private static final int N = 40;

	private final Map<String, Integer> seen = new ConcurrentHashMap<>();
	private final AtomicInteger atVictim = new AtomicInteger();
	private int sent;

	@Override
	public String run() throws Exception {
		String topic = Mq.topic("mirror", 4);
		DefaultMQProducer producer = Mq.producer("mirror");
		send(producer, topic, N);
		int kept = atVictim.get();
		Interop.ask("mirror " + VICTIM);
		Interop.ask("kill " + VICTIM);
		DefaultMQPushConsumer consumer = Mq.push("mirror", topic, "*", this::receive);
		Check.until(N + " messages, " + kept + " of them from the slave", () -> seen.size() == N);
		send(producer, topic, 10);
		Check.that(atVictim.get() == kept, "a send did not go to the other master");
		Check.until("those of the other master", () -> seen.size() == N + 10);
		consumer.shutdown();
		Interop.ask("start " + VICTIM);
		Interop.ask("consumed " + VICTIM + " " + topic + " " + Mq.name("mirror") + " " + kept);
		Mq.push("mirror", topic, "*", this::receive);
		for (int more = 0; atVictim.get() == kept && more < 1000; more++)
			send(producer, topic, 1);
		Check.until("what was sent after the return", () -> seen.size() == sent);
		for (Map.Entry<String, Integer> one : seen.entrySet())
			Check.that(one.getValue() == 1, one.getKey() + " came " + one.getValue() + " times");
		return kept + " messages read from the slave, " + (sent - N) + " sent afterwards";
	}

	private void receive(MessageExt message) {
		seen.merge(new String(message.getBody()), 1, Integer::sum);
	}

	private void send(DefaultMQProducer producer, String topic, int n) throws Exception {
		for (int i = 0; i < n; i++) {
			Message message = new Message(topic, ("message " + sent++).getBytes());
			if (Mq.stored(producer.send(message)).getMessageQueue().getBrokerName().equals(VICTIM))
				atVictim.incrementAndGet();
		}
	}
}
