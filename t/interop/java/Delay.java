import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.message.Message;

/* Delay levels 1 and 2, which the cluster has at 1 s and 2 s: never early, each message once (BK14). */
final class Delay implements Scenario {
	private static final int MESSAGES = 60;

	private final Map<String, Long> due = new ConcurrentHashMap<>();
	private final Map<String, Long> came = new ConcurrentHashMap<>();

	@Override
	public String run() throws Exception {
		String topic = Mq.topic("delay", 2);
		Ledger ledger = new Ledger(topic, 12, 300);
		Mq.push("delay", topic, "*", message -> {
			ledger.receive(message);
			came.put(message.getKeys(), System.currentTimeMillis());
		});
		DefaultMQProducer producer = Mq.producer("delay");
		for (int i = 0; i < MESSAGES; i++) {
			Message message = ledger.message(i);
			int level = i % 3;
			message.setDelayTimeLevel(level);
			due.put("k" + i, System.currentTimeMillis() + 1000 * level);
			Mq.stored(producer.send(message));
		}
		ledger.completeOnce(MESSAGES);
		long latest = 0;
		for (Map.Entry<String, Long> one : due.entrySet()) {
			long late = came.get(one.getKey()) - one.getValue();
			Check.that(late >= 0, one.getKey() + " came " + -late + " ms early");
			latest = Math.max(latest, late);
		}
		return MESSAGES + " messages, the latest " + latest + " ms late";
	}
}
