import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

import org.apache.rocketmq.client.exception.MQClientException;
import org.apache.rocketmq.client.producer.LocalTransactionState;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/*
 * Whom the broker can ask (PR10). A client tells its groups to the brokers that it
 * learned of from routes. One that does not send has none, unless it asks for that
 * of the topic which new ones are made from (up to 5.1.0, where brokers have it),
 * or is told its topics beforehand (since 5.2).
 */
final class Silent implements Scenario {
	private static final int QUEUES = 2;
	private static final int TRANSFERS = 4 * QUEUES;
	private static final int DEAF_MS = 4500; /* longer than it takes to be asked otherwise */

	/* Keys of what a producer was asked about that sent nothing. */
	private final Set<String> asked = ConcurrentHashMap.newKeySet();

	@Override
	public String run() throws Exception {
		String topic = Mq.topic("silent", QUEUES);
		Transactor first = Mq.newTransactor("silent", new Willing());
		boolean told = Mq.has(first.producer(), "setTopics", List.class);
		boolean learns = !told && hasDefaultTopic();
		if (!learns)
			deaf(topic, first);
		if (told || learns)
			ready(topic, told);
		return "asked" + (learns ? "" : " after its first route")
		    + (told ? ", or before it when told its topics" : learns ? " before its first send" : "");
	}

	private void deaf(String topic, Transactor transactor) throws Exception {
		leaveOpen(topic);
		transactor.producer().start();
		Thread.sleep(DEAF_MS);
		Check.same(asked.size(), 0, "what a producer without a route was asked about");
		transactor.producer().getDefaultMQProducerImpl().getmQClientFactory()
		    .updateTopicRouteInfoFromNameServer(topic);
		answerAll("after its first route");
		transactor.producer().shutdown();
	}

	private void ready(String topic, boolean told) throws Exception {
		leaveOpen(topic);
		Transactor transactor = Mq.newTransactor("silent", new Willing());
		if (told)
			Mq.call(transactor.producer(), "setTopics", Collections.singletonList(topic));
		transactor.producer().start();
		answerAll("before its first send");
		transactor.producer().shutdown();
	}

	private static boolean hasDefaultTopic() throws Exception {
		try {
			return !Mq.producer("silent_looks").fetchPublishMessageQueues("TBW102").isEmpty();
		} catch (MQClientException e) {
			return false;
		}
	}

	private void leaveOpen(String topic) throws Exception {
		Transactor sender = Mq.transactor("silent", new Ignorant());
		for (int i = 0; i < TRANSFERS; i++)
			Mq.stored(sender.send(new Message(topic, "tag", "silent" + i, new byte[1])));
		sender.producer().shutdown();
		asked.clear();
	}

	private void answerAll(String when) throws Exception {
		Check.until("asked about all " + when, () -> asked.size() == TRANSFERS);
	}

	private static final class Ignorant implements Bank {
		@Override
		public LocalTransactionState carryOut(Message message) {
			return LocalTransactionState.UNKNOW;
		}

		@Override
		public LocalTransactionState asked(MessageExt message) {
			return LocalTransactionState.UNKNOW;
		}
	}

	private final class Willing implements Bank {
		@Override
		public LocalTransactionState carryOut(Message message) {
			throw new IllegalStateException("it sends nothing");
		}

		@Override
		public LocalTransactionState asked(MessageExt message) {
			asked.add(message.getKeys());
			return LocalTransactionState.COMMIT_MESSAGE;
		}
	}
}
