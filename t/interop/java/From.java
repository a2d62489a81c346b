import java.text.SimpleDateFormat;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;

import org.apache.rocketmq.client.consumer.DefaultMQPullConsumer;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.MessageQueue;

/*
 * Where a new group starts (CO6). RocketMQ lets every new group start at the
 * first message of a queue that is young (all of it is still at hand), whatever
 * the group asked for; where it is not, the broker has no offset for the group
 * and the client does what it was told. What the broker thinks of the queue is
 * asked first, and each kind of start is compared with that.
 */
class From implements Scenario {
	private static final int QUEUES = 2;
	private static final int OLD = 40;
	private static final int MIDDLE = 40;
	private static final int NEW = 40;

	private final String name;

	From() {
		this("from");
	}

	/* Begins the names of the topic and of the groups. */
	From(String name) {
		this.name = name;
	}

	@Override
	public String run() throws Exception {
		String topic = Mq.topic(name, QUEUES);
		DefaultMQProducer producer = Mq.producer(name);
		Ledger numbers = new Ledger(topic, 12, 12);
		Send.sync(producer, numbers, 0, OLD);
		cover(producer);
		/* The time is given in seconds, and 4.x answers the nearer one of two neighbours. */
		Thread.sleep(2600);
		String time = new SimpleDateFormat("yyyyMMddHHmmss").format(new Date());
		Thread.sleep(100);
		Send.sync(producer, numbers, OLD, OLD + MIDDLE);
		age(topic);
		boolean young = young(topic);
		int first = first(topic);

		List<Start> starts = new ArrayList<>();
		starts.add(new Start("first", ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET, time, first));
		starts.add(new Start("last", ConsumeFromWhere.CONSUME_FROM_LAST_OFFSET, time,
		    young ? 0 : OLD + MIDDLE));
		starts.add(new Start("time", ConsumeFromWhere.CONSUME_FROM_TIMESTAMP, time,
		    young ? 0 : OLD));
		for (Start start : starts)
			start.ready();
		Send.sync(producer, numbers, OLD + MIDDLE, OLD + MIDDLE + NEW);
		for (Start start : starts)
			start.check(OLD + MIDDLE + NEW);
		return "first, last and time on " + (young ? "young" : "old") + " queues";
	}

	/* For those who want the first messages to be old: what comes between them and the next. */
	void cover(DefaultMQProducer producer) throws Exception {
	}

	void age(String topic) throws Exception {
	}

	/* The first message that is still there: none of the old ones is removed, or all. */
	private int first(String topic) throws Exception {
		DefaultMQPullConsumer consumer = Mq.pull(name + "_min");
		long removed = 0;
		for (MessageQueue queue : consumer.fetchSubscribeMessageQueues(topic))
			removed += consumer.minOffset(queue);
		Check.that(removed == 0 || removed == OLD, removed + " messages are removed");
		return (int) removed;
	}

	/* Whether the broker gives a group that it never saw the offset 0: for all queues, or for none. */
	private boolean young(String topic) throws Exception {
		int queues = 2 * QUEUES; /* on two masters */
		int young = youngQueues(topic);
		Check.that(young == 0 || young == queues, young + " of " + queues + " queues are young");
		return young > 0;
	}

	/* How many queues are young. */
	final int youngQueues(String topic) throws Exception {
		DefaultMQPullConsumer consumer = Mq.pull(name + "_ask");
		int young = 0;
		for (MessageQueue queue : consumer.fetchSubscribeMessageQueues(topic)) {
			if (consumer.fetchConsumeOffset(queue, true) == 0)
				young++;
		}
		consumer.shutdown();
		return young;
	}

	private final class Start {
		private final String what;
		private final int from;
		private final boolean[] seen = new boolean[OLD + MIDDLE + NEW];
		private final DefaultMQPushConsumer consumer;

		Start(String what, ConsumeFromWhere where, String time, int from) throws Exception {
			this.what = what;
			this.from = from;
			consumer = Mq.push(name + "_" + what, where, message -> {
				synchronized (seen) {
					seen[Integer.parseInt(message.getKeys().substring(1))] = true;
				}
			});
			consumer.setConsumeTimestamp(time);
			consumer.subscribe(Mq.name(name), "*");
			consumer.start();
		}

		/* All queues have a start position once they are owned. */
		void ready() throws Exception {
			Check.until("owner of all queues: " + what, () -> Mq.owned(consumer, Mq.name(name)) == 2 * QUEUES);
		}

		void check(int end) throws Exception {
			int wanted = end - from;
			Check.until("all messages for the start at " + what, () -> count() >= wanted);
			synchronized (seen) {
				for (int i = 0; i < end; i++)
					Check.same(seen[i], i >= from, "message " + i + " for the start at " + what);
			}
		}

		private int count() {
			int count = 0;
			synchronized (seen) {
				for (boolean one : seen)
					count += one ? 1 : 0;
			}
			return count;
		}
	}
}
