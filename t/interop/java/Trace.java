import java.util.ArrayList;
import java.util.List;

import org.apache.rocketmq.client.consumer.DefaultMQPullConsumer;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.MessageExt;

/* What producers and consumers with a switch for it write to the trace topic, and mqadmin reads (C28). Since 4.4. */
final class Trace implements Scenario {
	private static final String TRACES = "RMQ_SYS_TRACE_TOPIC";
	private static final char FIELD = 1;
	private static final char ROW = 2;

	private final Ledger ledger = new Ledger(Mq.name("trace"), 12, 100);

	@Override
	public String run() throws Exception {
		String topic = Mq.topic("trace", 2);
		consumer(topic);
		DefaultMQProducer producer = Mq.configure(new DefaultMQProducer(Mq.name("trace_send"), true, null));
		producer.start();
		Mq.onClose(producer::shutdown);
		List<String> ids = new ArrayList<>();
		for (int i = 0; i < 8; i++) {
			SendResult result = Mq.stored(producer.send(ledger.message(i)));
			ids.add(result.getMsgId());
		}
		ledger.completeOnce(ids.size());
		DefaultMQPullConsumer pull = Mq.pull("trace_read");
		for (String id : ids)
			for (String row : new String[] { "Pub", "SubBefore", "SubAfter" })
				Check.until("a row " + row + " for " + id, () -> has(pull, row, id));
		String id = ids.get(0);
		String query = " queryMsgTraceById -i " + id;
		Check.until("the consumption shown by mqadmin", () -> Interop.succeeds("tool 5.3.3 ^Sub" + query));
		Interop.ask("tool 5.3.3 ^Pub" + query);
		return ids.size() + " messages with rows of their producer and consumer, shown by mqadmin";
	}

	private void consumer(String topic) throws Exception {
		DefaultMQPushConsumer consumer =
		    Mq.configure(new DefaultMQPushConsumer(Mq.name("trace_consume"), true, null));
		consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
		consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
			for (MessageExt message : messages)
				ledger.receive(message);
			return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
		});
		consumer.subscribe(topic, "*");
		consumer.start();
		Mq.onClose(consumer::shutdown);
	}

	private static boolean has(DefaultMQPullConsumer pull, String type, String id) {
		for (MessageExt message : Mq.all(pull, TRACES))
			for (String row : Mq.text(message).split(String.valueOf(ROW)))
				if (row.startsWith(type + FIELD) && row.contains(FIELD + id + FIELD))
					return true;
		return false;
	}
}
