import java.util.ArrayList;
import java.util.List;

import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;

/* Messages found again by id, key, unique key and time; offsets of a queue. */
final class Query implements Scenario {
	private static final int MESSAGES = 20;

	@Override
	public String run() throws Exception {
		String topic = Mq.topic("query", 2);
		DefaultMQProducer producer = Mq.producer("query");
		MessageQueue queue = producer.fetchPublishMessageQueues(topic).get(0);
		List<SendResult> results = new ArrayList<>();
		for (int i = 0; i < MESSAGES; i++) {
			results.add(Mq.stored(producer.send(message(topic, i), queue)));
			Thread.sleep(10);
		}
		byId(producer, topic, results);
		byKey(producer, topic);
		boolean unique = byUniqueKey(producer, topic, results);
		offsets(producer, topic, queue, results);
		return "by id, key" + (unique ? ", unique key" : "") + " and time";
	}

	private static Message message(String topic, int number) {
		return new Message(topic, "tag", "key" + number + " all", ("body" + number).getBytes());
	}

	private static MessageExt view(DefaultMQProducer producer, String topic, SendResult result)
	    throws Exception {
		String id = Mq.offsetId(result);
		if (Mq.has(producer, "viewMessage", String.class))
			return (MessageExt) Mq.call(producer, "viewMessage", id);
		return (MessageExt) Mq.call(producer, "viewMessage", topic, id);
	}

	private static void byId(DefaultMQProducer producer, String topic, List<SendResult> results)
	    throws Exception {
		for (int i = 0; i < MESSAGES; i++) {
			MessageExt message = view(producer, topic, results.get(i));
			Check.same(message.getBody(), ("body" + i).getBytes(), "body by id");
			Check.same(message.getQueueOffset(), results.get(i).getQueueOffset(), "offset by id");
		}
	}

	private static List<MessageExt> query(DefaultMQProducer producer, String topic, String key)
	    throws Exception {
		long now = System.currentTimeMillis();
		try {
			return producer.queryMessage(topic, key, 64, now - 600_000, now + 600_000).getMessageList();
		} catch (Exception e) {
			if (String.valueOf(e.getMessage()).contains("no message"))
				return new ArrayList<>();
			throw e;
		}
	}

	private static void byKey(DefaultMQProducer producer, String topic) throws Exception {
		Check.until("by key: all messages", () -> query(producer, topic, "all").size() == MESSAGES);
		for (int i = 0; i < MESSAGES; i++) {
			List<MessageExt> found = query(producer, topic, "key" + i);
			Check.same(found.size(), 1, "messages with key" + i);
			Check.same(found.get(0).getBody(), ("body" + i).getBytes(), "body by key");
		}
		Check.same(query(producer, topic, "nokey").size(), 0, "messages with a key that nobody sent");
	}

	/* The 3.x client has no unique keys. */
	private static boolean byUniqueKey(DefaultMQProducer producer, String topic, List<SendResult> results)
	    throws Exception {
		Object inner = producer.getDefaultMQProducerImpl();
		if (!Mq.has(inner, "queryMessageByUniqKey", String.class, String.class))
			return false;
		for (int i = 0; i < MESSAGES; i++) {
			String id = results.get(i).getMsgId();
			MessageExt message = (MessageExt) Mq.call(inner, "queryMessageByUniqKey", topic, id);
			Check.same(message.getBody(), ("body" + i).getBytes(), "body by unique key");
			Check.same(message.getMsgId(), id, "unique key");
		}
		return true;
	}

	private static void offsets(DefaultMQProducer producer, String topic, MessageQueue queue,
	    List<SendResult> results) throws Exception {
		Check.same(producer.minOffset(queue), 0L, "min offset");
		Check.same(producer.maxOffset(queue), (long) MESSAGES, "max offset");
		for (SendResult result : results) {
			long time = view(producer, topic, result).getStoreTimestamp();
			Check.same(producer.searchOffset(queue, time), result.getQueueOffset(), "offset by time");
		}
		long first = view(producer, topic, results.get(0)).getStoreTimestamp();
		Check.same(producer.searchOffset(queue, first - 60_000), 0L, "offset before the first message");
		/* 4.x answers the last message there, 5.x the end of the queue. */
		long after = producer.searchOffset(queue, System.currentTimeMillis() + 60_000);
		Check.that(after == MESSAGES || after == MESSAGES - 1, "offset after the last message: " + after);
		Check.same(producer.earliestMsgStoreTime(queue), first, "time of the first message");
	}
}
