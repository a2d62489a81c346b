import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.common.message.Message;

/*
 * Timer messages by delay in seconds, in milliseconds and by time: never early, each once (D10). The client of
 * 5.x has calls for it, and takes one in four back; with older ones a program sets the properties.
 */
final class Timers implements Scenario {
	private static final int MESSAGES = 60;

	private final Map<String, Long> due = new ConcurrentHashMap<>();
	private final Map<String, Long> came = new ConcurrentHashMap<>();

	@Override
	public String run() throws Exception {
		String topic = Mq.topic("timers", 2);
		Mq.push("timers", topic, "*", message -> came.merge(Mq.text(message), System.currentTimeMillis(),
		    (before, now) -> -1L));
		DefaultMQProducer producer = Mq.producer("timers");
		int recalled = 0;
		for (int i = 0; i < MESSAGES; i++) {
			String text = "timer" + i;
			Message message = Mq.message(topic, text);
			due.put(text, delay(message, i));
			SendResult result = Mq.stored(producer.send(message));
			/* Where this takes longer than its delay, on a busy machine, it may have come. */
			if (i % 4 == 0 && Mq.has(result, "getRecallHandle") && recall(producer, result, due.get(text))) {
				due.remove(text);
				recalled++;
			}
		}
		Check.that(recalled > 0 || !Mq.has(new SendResult(), "getRecallHandle"), "nothing could be taken back");
		Check.until("all that were not taken back", () -> came.keySet().containsAll(due.keySet()));
		/* The ones taken back were due no later than these. */
		long latest = 0;
		for (Map.Entry<String, Long> one : came.entrySet()) {
			Check.that(due.containsKey(one.getKey()), one.getKey() + " came although it was taken back");
			Check.that(one.getValue() > 0, one.getKey() + " came twice");
			long late = one.getValue() - due.get(one.getKey());
			Check.that(late >= 0, one.getKey() + " came " + -late + " ms early");
			latest = Math.max(latest, late);
		}
		return MESSAGES + " messages, " + recalled + " taken back, the latest " + latest + " ms late";
	}

	/* False when it is too late. */
	private static boolean recall(DefaultMQProducer producer, SendResult result, long due) throws Exception {
		String handle = (String) Mq.call(result, "getRecallHandle");
		Check.that(handle != null, "no recall handle");
		try {
			Object id = Mq.call(producer, "recallMessage", result.getMessageQueue().getTopic(), handle);
			Check.same(id, result.getMsgId(), "id of what was taken back");
			return true;
		} catch (Exception e) {
			if (System.currentTimeMillis() < due)
				throw e;
			return false;
		}
	}

	/* Returns when it is due at the earliest. */
	private static long delay(Message message, int number) throws Exception {
		boolean calls = Mq.has(message, "setDeliverTimeMs", long.class);
		long now = System.currentTimeMillis();
		switch (number % 3) {
		case 0:
			if (calls)
				Mq.call(message, "setDelayTimeSec", 2L);
			else
				message.putUserProperty("TIMER_DELAY_SEC", "2");
			return now + 2000;
		case 1:
			if (calls)
				Mq.call(message, "setDelayTimeMs", 1500L);
			else
				message.putUserProperty("TIMER_DELAY_MS", "1500");
			return now + 1500;
		default:
			if (calls)
				Mq.call(message, "setDeliverTimeMs", now + 3000);
			else
				message.putUserProperty("TIMER_DELIVER_MS", String.valueOf(now + 3000));
			return now + 3000;
		}
	}
}
