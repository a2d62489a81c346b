import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;

import org.apache.rocketmq.client.consumer.DefaultMQPullConsumer;
import org.apache.rocketmq.client.consumer.PullResult;
import org.apache.rocketmq.client.consumer.PullStatus;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;

/* A pull consumer by hand: every queue from its first to its last offset, then past the ends. */
final class Pull implements Scenario {
	private static final int MESSAGES = 1000;

	@Override
	public String run() throws Exception {
		String topic = Mq.topic("pull", 4);
		Ledger ledger = new Ledger(topic, 12, 500);
		Send.async(Mq.producer("pull"), ledger, 0, MESSAGES, 64);
		DefaultMQPullConsumer consumer = Mq.pull("pull");
		Set<MessageQueue> queues = consumer.fetchSubscribeMessageQueues(topic);
		Check.same(queues.size(), 8, "queues of the topic");
		for (MessageQueue queue : queues) {
			drain(consumer, queue, ledger);
			ends(consumer, queue);
		}
		ledger.completeOnce(MESSAGES);
		offsets(consumer, queues.iterator().next());
		woken(consumer, queues.iterator().next());
		return MESSAGES + " messages from " + queues.size() + " queues, ends, offsets and a long poll";
	}

	private static void drain(DefaultMQPullConsumer consumer, MessageQueue queue, Ledger ledger)
	    throws Exception {
		long max = consumer.maxOffset(queue);
		Check.same(consumer.minOffset(queue), 0L, "min offset of " + queue);
		for (long offset = 0; offset < max;) {
			PullResult result = consumer.pull(queue, "*", offset, 32);
			Check.same(result.getPullStatus(), PullStatus.FOUND, "pull at " + offset);
			Check.same(result.getMinOffset(), 0L, "min offset in the answer");
			Check.same(result.getMaxOffset(), max, "max offset in the answer");
			for (MessageExt message : result.getMsgFoundList()) {
				Check.same(message.getQueueOffset(), offset++, "offset in " + queue);
				ledger.receive(message);
			}
			Check.same(result.getNextBeginOffset(), offset, "next offset");
		}
	}

	private static void ends(DefaultMQPullConsumer consumer, MessageQueue queue) throws Exception {
		long max = consumer.maxOffset(queue);
		Check.same(consumer.pull(queue, "*", max, 32).getPullStatus(), PullStatus.NO_NEW_MSG,
		    "pull at the end");
		PullResult past = consumer.pull(queue, "*", max + 100, 32);
		Check.same(past.getPullStatus(), PullStatus.OFFSET_ILLEGAL, "pull past the end");
		Check.same(past.getNextBeginOffset(), max, "where to go on from past the end");
		PullResult nothing = consumer.pull(queue, "NoSuchTag", 0, 32);
		Check.same(nothing.getPullStatus(), PullStatus.NO_MATCHED_MSG, "pull of a tag that is not there");
		Check.that(nothing.getNextBeginOffset() > 0, "next offset when nothing matches");
	}

	private static void offsets(DefaultMQPullConsumer consumer, MessageQueue queue) throws Exception {
		consumer.updateConsumeOffset(queue, 7);
		consumer.getDefaultMQPullConsumerImpl().getOffsetStore().persist(queue);
		Check.until("stored: offset 7", () -> consumer.fetchConsumeOffset(queue, true) == 7);
	}

	/* A pull that waits is answered as soon as a message comes. */
	private static void woken(DefaultMQPullConsumer consumer, MessageQueue queue) throws Exception {
		long max = consumer.maxOffset(queue);
		DefaultMQProducer producer = Mq.producer("pull_wake");
		Ledger ledger = new Ledger(queue.getTopic(), 12, 500);
		Mq.stored(producer.send(ledger.message(0), queue));
		Check.same(consumer.pull(queue, "*", max, 1).getPullStatus(), PullStatus.FOUND, "first message");
		AtomicLong sent = new AtomicLong();
		Thread later = new Thread(() -> {
			try {
				Thread.sleep(500);
				sent.set(System.nanoTime());
				producer.send(ledger.message(1), queue);
			} catch (Exception e) {
				e.printStackTrace();
			}
		});
		later.start();
		PullResult result = consumer.pullBlockIfNotFound(queue, "*", max + 1, 32);
		long woken = (System.nanoTime() - sent.get()) / 1_000_000;
		later.join();
		Check.same(result.getPullStatus(), PullStatus.FOUND, "pull that waited");
		/* The broker keeps a pull for 20 s when no message comes. */
		Check.that(sent.get() > 0 && woken < 15000, "woken " + woken + " ms after the send");
	}
}
