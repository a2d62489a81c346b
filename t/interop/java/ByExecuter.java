import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.client.producer.TransactionMQProducer;
import org.apache.rocketmq.common.message.Message;

/* The first interface, of 3.x to 4.2.0 and of 4.3.1 to 5.1.4: an executer with each send, and a check listener. */
final class ByExecuter implements Transactor {
	private final TransactionMQProducer producer;
	private final Bank bank;

	ByExecuter(String group, Bank bank) {
		this.bank = bank;
		producer = new TransactionMQProducer(group);
		producer.setTransactionCheckListener(bank::asked);
	}

	@Override
	public TransactionMQProducer producer() {
		return producer;
	}

	@Override
	public SendResult send(Message message) throws Exception {
		return producer.sendMessageInTransaction(message, (half, argument) -> bank.carryOut(half), null);
	}
}
