import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

import org.apache.rocketmq.client.consumer.DefaultMQPullConsumer;
import org.apache.rocketmq.client.consumer.PullResult;
import org.apache.rocketmq.client.consumer.PullStatus;
import org.apache.rocketmq.client.impl.MQClientAPIImpl;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;

/*
 * Nobody ever knows (TX6): the broker gives up asking and parks the message where
 * everybody can see it. Once it is resumed, and the bank knows, it is committed.
 */
final class Parked implements Scenario {
	private static final String TOPIC = "TRANS_CHECK_MAX_TIME_TOPIC";
	private static final int ASKS = 4;
	private static final int TRANSFERS = 8;

	private final List<Transfer> ignorant = new ArrayList<>();

	@Override
	public String run() throws Exception {
		Interop.ask("set transactionCheckMax " + ASKS);
		try {
			return park();
		} finally {
			Interop.ask("set transactionCheckMax 1000");
		}
	}

	private String park() throws Exception {
		String topic = Mq.topic("parked", 2);
		Transfers transfers = new Transfers(topic);
		transfers.consume("parked");
		Transactor transactor = Mq.transactor("parked", transfers);
		for (int i = 0; i < TRANSFERS; i++) {
			Transfer transfer = transfers.add(Plan.IGNORANT);
			ignorant.add(transfer);
			transfer.sendBy(transactor);
		}
		List<MessageExt> parked = new ArrayList<>();
		DefaultMQPullConsumer reader = Mq.pull("parked_reader");
		Check.until("all parked", () -> read(reader, parked));
		/* The last questions may still be on their way. */
		for (Transfer transfer : ignorant)
			Check.until("asked about " + ASKS + " times: " + transfer.key, () -> transfer.asks() >= ASKS);
		Thread.sleep(3000);
		for (Transfer transfer : ignorant)
			Check.same(transfer.asks(), ASKS, "times that the broker asked about " + transfer.key);
		for (Transfer transfer : ignorant)
			transfer.learn();
		boolean own = false;
		for (MessageExt message : parked)
			own = resume(transactor, message, !own);
		transfers.check(3000);
		return TRANSFERS + " asked about " + ASKS + " times, parked, resumed and committed";
	}

	/* True once a copy of each is there. */
	private boolean read(DefaultMQPullConsumer reader, List<MessageExt> parked) throws Exception {
		Set<String> keys = new HashSet<>();
		for (Transfer transfer : ignorant)
			keys.add(transfer.key);
		parked.clear();
		for (MessageQueue queue : queues(reader)) {
			PullResult result;
			for (long next = 0; (result = reader.pull(queue, "*", next, 32)).getPullStatus() == PullStatus.FOUND;
			    next = result.getNextBeginOffset())
				for (MessageExt message : result.getMsgFoundList())
					if (keys.contains(message.getKeys()))
						parked.add(message);
		}
		Check.that(parked.size() <= TRANSFERS, parked.size() + " messages are parked");
		return parked.size() == TRANSFERS;
	}

	private static Set<MessageQueue> queues(DefaultMQPullConsumer reader) {
		try {
			return reader.fetchSubscribeMessageQueues(TOPIC);
		} catch (Exception e) {
			/* A broker may not have the topic before it needs it. */
			return new HashSet<>();
		}
	}

	/* By the client's own request where it has one, else and in turn as an administrator does. */
	private boolean resume(Transactor transactor, MessageExt message, boolean wanted) throws Exception {
		MQClientAPIImpl api = transactor.producer().getDefaultMQProducerImpl().getmQClientFactory()
		    .getMQClientAPIImpl();
		String broker = message.getStoreHost().toString().replaceFirst("^.*/", "");
		/* What the client shows as id is the unique one, since 4.0. */
		String id = Mq.has(message, "getOffsetMsgId") ? (String) Mq.call(message, "getOffsetMsgId")
		    : message.getMsgId();
		boolean own = wanted || Boolean.getBoolean("interop.foreign");
		if (own && Mq.has(api, "resumeCheckHalfMessage", String.class, String.class, long.class))
			Check.same(Mq.call(api, "resumeCheckHalfMessage", broker, id, 5000L), true, "resumed");
		else if (own && Mq.has(api, "resumeCheckHalfMessage", String.class, String.class, String.class, long.class))
			Check.same(Mq.call(api, "resumeCheckHalfMessage", broker, TOPIC, id, 5000L), true, "resumed");
		else
			Interop.ask("resume " + message.getMsgId());
		return own;
	}
}
