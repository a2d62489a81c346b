import org.apache.rocketmq.client.producer.LocalTransactionState;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.client.producer.TransactionListener;
import org.apache.rocketmq.client.producer.TransactionMQProducer;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/* The second interface, since 4.3.0: one listener for both. */
final class ByListener implements Transactor {
	private final TransactionMQProducer producer;

	ByListener(String group, Bank bank) {
		producer = new TransactionMQProducer(group);
		producer.setTransactionListener(new TransactionListener() {
			@Override
			public LocalTransactionState executeLocalTransaction(Message message, Object argument) {
				return bank.carryOut(message);
			}

			@Override
			public LocalTransactionState checkLocalTransaction(MessageExt message) {
				return bank.asked(message);
			}
		});
	}

	@Override
	public TransactionMQProducer producer() {
		return producer;
	}

	@Override
	public SendResult send(Message message) throws Exception {
		return producer.sendMessageInTransaction(message, null);
	}
}
