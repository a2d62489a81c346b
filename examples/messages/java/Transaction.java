import java.util.concurrent.CountDownLatch;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.producer.LocalTransactionState;
import org.apache.rocketmq.client.producer.TransactionListener;
import org.apache.rocketmq.client.producer.TransactionMQProducer;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageConst;
import org.apache.rocketmq.common.message.MessageExt;

/**
 * Transaction: a message is delivered only if the sender's own transaction was committed. One of
 * these senders commits, one rolls back, and one says nothing, so that the broker asks.
 */
public class Transaction {
    public static void main(String[] arguments) throws Exception {
        CountDownLatch left = new CountDownLatch(2);
        TransactionMQProducer producer = new TransactionMQProducer("messages-transaction-java");
        Page.prepare(producer);
        producer.setTransactionListener(new TransactionListener() {
            @Override // the local transaction: this is where a database would be changed and committed
            public LocalTransactionState executeLocalTransaction(Message message, Object state) {
                System.out.println(message.getTransactionId() + ": " + state);
                return (LocalTransactionState) state;
            }

            @Override // the broker asks; the database would tell
            public LocalTransactionState checkLocalTransaction(MessageExt message) {
                System.out.println(message.getTransactionId() + ": the broker asks, commit");
                return LocalTransactionState.COMMIT_MESSAGE;
            }
        });
        producer.start();
        for (LocalTransactionState state : LocalTransactionState.values()) {
            Message message = Page.message("MessagesTransaction", state.toString());
            // When the broker asks; else after transactionTimeOut.
            message.putUserProperty(MessageConst.PROPERTY_CHECK_IMMUNITY_TIME_IN_SECONDS, "1");
            producer.sendMessageInTransaction(message, state);
        }

        DefaultMQPushConsumer consumer = Page.consumer("messages-transaction-java");
        consumer.subscribe("MessagesTransaction", "*");
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            messages.stream().filter(Page::isOurs).forEach(message -> {
                System.out.println(new String(message.getBody()) + " came");
                left.countDown();
            });
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        Page.end("transaction", left);
    }
}
