import java.util.concurrent.atomic.AtomicInteger;

import org.apache.rocketmq.client.producer.LocalTransactionState;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/*
 * Whom the broker can ask (PR10). A client tells its groups to brokers that it
 * learned of from a route. One that never sends asks for the route of the topic that
 * new ones are made from, up to 5.1; where brokers have none, or the client
 * does not ask, nobody can know it before its first route.
 */
final class Silent implements Scenario {
	private static final String DEFAULT_TOPIC = "TBW102";
	private static final int QUEUES = 2;
	private static final int TRANSFERS = 4 * QUEUES;
	private static final int DEAF_MS = 5000; /* longer than it takes to be asked otherwise */

	private final AtomicInteger asked = new AtomicInteger();

	@Override
	public String run() throws Exception {
		String topic = Mq.topic("silent", QUEUES);
		Transactor sender = Mq.transactor("silent", new Ignorant());
		for (int i = 0; i < TRANSFERS; i++)
			Mq.stored(sender.send(new Message(topic, "silent" + i, new byte[1])));
		boolean knows = known(sender);
		sender.producer().shutdown();
		asked.set(0);
		Transactor twin = Mq.transactor("silent", new Willing());
		boolean found = knows && !Mq.has(twin.producer(), "getTopics");
		if (!found) {
			Thread.sleep(DEAF_MS);
			Check.same(asked.get(), 0, "times that a producer without a route was asked");
			twin.producer().getDefaultMQProducerImpl().getmQClientFactory()
			    .updateTopicRouteInfoFromNameServer(topic);
		}
		Check.until(30, "asked about all", () -> asked.get() >= TRANSFERS);
		Thread.sleep(3000);
		Check.same(asked.get(), TRANSFERS, "times that the twin was asked");
		return found ? "reachable before its first send" : "reachable after its first route";
	}

	private static boolean known(Transactor sender) {
		try {
			return !sender.producer().fetchPublishMessageQueues(DEFAULT_TOPIC).isEmpty();
		} catch (Exception e) {
			return false;
		}
	}

	private class Ignorant implements Bank {
		@Override
		public LocalTransactionState carryOut(Message message) {
			return LocalTransactionState.UNKNOW;
		}

		@Override
		public LocalTransactionState asked(MessageExt message) {
			asked.incrementAndGet();
			return LocalTransactionState.UNKNOW;
		}
	}

	private final class Willing extends Ignorant {
		@Override
		public LocalTransactionState asked(MessageExt message) {
			super.asked(message);
			return LocalTransactionState.COMMIT_MESSAGE;
		}
	}
}
