import java.util.ArrayList;
import java.util.List;

import org.apache.rocketmq.client.consumer.DefaultMQPullConsumer;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeOrderlyStatus;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.message.MessageQueue;

/*
 * An ordered consumer that cannot go on suspends the queue: the message comes again before all that follow.
 * One that is never consumed is a dead letter after maxReconsumeTimes, and the rest goes on (BK16).
 */
final class Suspend implements Scenario {
	private static final int MESSAGES = 20;
	private static final int RETRIES = 2;
	private static final int ONCE = 4;
	private static final int NEVER = 9;

	private final String topic = Mq.name("suspend");
	private final List<String> came = new ArrayList<>();
	private int failed;

	@Override
	public String run() throws Exception {
		Mq.topic("suspend", 1);
		DefaultMQPushConsumer consumer = Mq.orderly("suspend", (messages, context) -> {
			context.setSuspendCurrentQueueTimeMillis(50);
			return consume(Mq.text(messages.get(0))) ? ConsumeOrderlyStatus.SUCCESS
			    : ConsumeOrderlyStatus.SUSPEND_CURRENT_QUEUE_A_MOMENT;
		});
		boolean dies = Mq.has(consumer, "setMaxReconsumeTimes", int.class);
		if (dies)
			Mq.call(consumer, "setMaxReconsumeTimes", RETRIES);
		consumer.subscribe(topic, "*");
		consumer.start();
		DefaultMQProducer producer = Mq.producer("suspend_send");
		List<String> wanted = new ArrayList<>();
		for (int i = 0; i < MESSAGES; i++) {
			Mq.stored(producer.send(Mq.message(topic, text(i)), new MessageQueue(topic, "broker-b", 0)));
			/* A client of 3.x knows no end: there it is consumed at last. */
			for (int more = i == ONCE ? 1 : i == NEVER ? RETRIES : 0; more >= 0; more--)
				wanted.add(text(i));
		}
		Check.until("the last message", () -> {
			synchronized (came) {
				return came.contains(text(MESSAGES - 1));
			}
		});
		if (dies) {
			DefaultMQPullConsumer pull = Mq.pull("suspend_dead");
			String dead = "%DLQ%" + Mq.name("suspend");
			Check.until("a dead letter", () -> Mq.all(pull, dead).size() == 1);
			Check.same(Mq.text(Mq.all(pull, dead).get(0)), text(NEVER), "dead letter");
		}
		synchronized (came) {
			/* On the way to the dead letters it is tried once more, beside its queue. */
			List<String> queue = new ArrayList<>(came);
			if (queue.lastIndexOf(text(NEVER)) > queue.indexOf(text(NEVER + 1)))
				queue.remove(queue.lastIndexOf(text(NEVER)));
			Check.same(queue, wanted, "messages as they came");
		}
		return MESSAGES + " messages in their order, one suspended twice, one "
		    + (dies ? "given up" : "consumed at last");
	}

	private static String text(int number) {
		return (number == ONCE ? "once" : number == NEVER ? "never" : "good") + number;
	}

	private boolean consume(String text) {
		synchronized (came) {
			boolean first = !came.contains(text);
			came.add(text);
			if (text.equals(text(NEVER)))
				failed++;
			return text.startsWith("good") || text.startsWith("once") && !first
			    || failed > RETRIES && !hasEnd();
		}
	}

	private static boolean hasEnd() {
		return Mq.has(new DefaultMQPushConsumer("any"), "setMaxReconsumeTimes", int.class);
	}
}
