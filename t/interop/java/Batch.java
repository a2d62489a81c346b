import java.util.ArrayList;
import java.util.List;

import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.common.message.Message;

/* Batches: every member is a message with an offset of its own. Since 4.x. */
final class Batch implements Scenario {
	@Override
	public String run() throws Exception {
		DefaultMQProducer producer = Mq.producer("batch");
		int sent = 0;
		Ledger small = ledger("batch", 12, 3000);
		for (int size = 1; size <= 50; size++) {
			SendResult result = send(producer, small, sent, sent + size);
			Check.same(Mq.offsetId(result).split(",").length, size, "ids in the answer");
			sent += size;
		}
		Ledger large = ledger("batch_large", 95_000, 96_000);
		send(producer, large, 0, 40);
		small.completeOnce(sent);
		large.completeOnce(40);
		return sent + " messages in batches of 1 to 50, and 40 in one of 3.8 MB";
	}

	/* A ledger that a push consumer fills. */
	private static Ledger ledger(String what, int minSize, int maxSize) throws Exception {
		String topic = Mq.topic(what, 2);
		Ledger ledger = new Ledger(topic, minSize, maxSize);
		Mq.push(what, topic, "*", ledger::receive);
		return ledger;
	}

	static SendResult send(DefaultMQProducer producer, Ledger ledger, int from, int to) throws Exception {
		List<Message> batch = new ArrayList<>(to - from);
		for (int i = from; i < to; i++)
			batch.add(ledger.message(i));
		return Mq.stored(producer.send(batch));
	}
}
