import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

import org.apache.rocketmq.client.consumer.DefaultMQPullConsumer;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.message.MessageExt;

/*
 * What a consumer sends back comes again, and after maxReconsumeTimes it is a dead letter: once, with the
 * body, key, tag and id that it was sent with (BK15, CO9).
 */
final class Retry implements Scenario {
	private static final int MESSAGES = 12;
	private static final int RETRIES = 2;

	private final String topic = Mq.name("retry");
	private final String group = Mq.name("retry");

	/* By text: the reconsume times that it came with. */
	private final Map<String, List<Integer>> came = new ConcurrentHashMap<>();
	private final Map<String, String> ids = new ConcurrentHashMap<>();

	@Override
	public String run() throws Exception {
		Mq.topic("retry", 2);
		DefaultMQPushConsumer consumer =
		    Mq.push("retry", org.apache.rocketmq.common.consumer.ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET,
		        message -> {
		        });
		consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
			boolean good = true;
			for (MessageExt message : messages)
				good &= consume(message);
			return good ? ConsumeConcurrentlyStatus.CONSUME_SUCCESS : ConsumeConcurrentlyStatus.RECONSUME_LATER;
		});
		if (Mq.has(consumer, "setMaxReconsumeTimes", int.class))
			Mq.call(consumer, "setMaxReconsumeTimes", RETRIES);
		else
			/* The client of 3.x leaves it to the broker. */
			Interop.ask("tool 4.9.7 success updateSubGroup -c rocketmq-cluster -g " + group + " -r " + RETRIES);
		consumer.subscribe(topic, "*");
		consumer.start();
		DefaultMQProducer producer = Mq.producer("retry_send");
		for (int i = 0; i < MESSAGES; i++)
			Mq.stored(producer.send(Mq.message(topic, kind(i) + i)));
		DefaultMQPullConsumer pull = Mq.pull("retry_dead");
		Check.until(MESSAGES / 3 + " dead letters",
		    () -> Mq.all(pull, "%DLQ%" + group).size() >= MESSAGES / 3);
		List<MessageExt> dead = Mq.all(pull, "%DLQ%" + group);
		Check.same(dead.size(), MESSAGES / 3, "dead letters");
		for (MessageExt message : dead)
			letter(message);
		for (int i = 0; i < MESSAGES; i++) {
			String text = kind(i) + i;
			int times = wanted(i).split(",").length;
			Check.until("so often: " + text, () -> came.get(text).size() >= times);
		}
		for (int i = 0; i < MESSAGES; i++)
			Check.same(came.get(kind(i) + i).toString(), wanted(i), "times at which " + kind(i) + i + " came");
		return MESSAGES + " messages, a third each consumed at once, at the second time, never";
	}

	private static String kind(int number) {
		return new String[] { "good", "once", "never" }[number % 3];
	}

	private static String wanted(int number) {
		return new String[] { "[0]", "[0, 1]", "[0, 1, 2]" }[number % 3];
	}

	private boolean consume(MessageExt message) {
		String text = Mq.text(message);
		List<Integer> times = came.computeIfAbsent(text, key -> new ArrayList<>());
		if (times.isEmpty())
			ids.put(text, id(message));
		times.add(message.getReconsumeTimes());
		if (!message.getTopic().equals(topic) || !message.getKeys().equals(text)
		    || !message.getTags().equals("tag") || !id(message).equals(ids.get(text)))
			times.add(-1);
		return text.startsWith("good") || text.startsWith("once") && times.size() > 1;
	}

	/* What stays the same when it is stored anew. The client of 3.x has only the place that it was stored at first. */
	private static String id(MessageExt message) {
		String unique = message.getProperty("UNIQ_KEY");
		String origin = message.getProperty("ORIGIN_MESSAGE_ID");
		return unique != null ? unique : origin != null ? origin : message.getMsgId();
	}

	private void letter(MessageExt message) {
		String text = Mq.text(message);
		Check.that(text.startsWith("never"), text + " is a dead letter");
		Check.same(message.getKeys(), text, "keys of a dead letter");
		Check.same(message.getTags(), "tag", "tag of a dead letter");
		Check.same(message.getProperty("RETRY_TOPIC"), topic, "RETRY_TOPIC of a dead letter");
		Check.that(message.getProperty("ORIGIN_MESSAGE_ID") != null, "a dead letter has no ORIGIN_MESSAGE_ID");
		Check.same(id(message), ids.get(text), "id of a dead letter");
	}
}
