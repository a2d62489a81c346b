import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.client.producer.TransactionMQProducer;
import org.apache.rocketmq.common.message.Message;

/* A producer of transactions, by one of the two interfaces that the client has had for it. */
interface Transactor {
	TransactionMQProducer producer();

	SendResult send(Message message) throws Exception;
}
