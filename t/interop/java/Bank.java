import org.apache.rocketmq.client.producer.LocalTransactionState;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/* The side of a transaction that is not the broker's. Both may throw, as a database does. */
interface Bank {
	/* The half message is stored: the local transaction is due. */
	LocalTransactionState carryOut(Message message);

	/* The broker asks what became of it. */
	LocalTransactionState asked(MessageExt message);
}
