import java.util.concurrent.CountDownLatch;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.producer.DefaultMQProducer;

/** Sync: each send waits until the broker has the message. */
public class Sync {
    public static void main(String[] arguments) throws Exception {
        CountDownLatch left = new CountDownLatch(10);
        DefaultMQProducer producer = Page.producer();
        for (int i = 0; i < 10; i++)
            System.out.println(producer.send(Page.message("MessagesSync", "hello " + i)));

        DefaultMQPushConsumer consumer = Page.consumer("messages-sync-java");
        consumer.subscribe("MessagesSync", "*");
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            messages.stream().filter(Page::isOurs).forEach(message -> left.countDown());
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        Page.end("sync", left);
    }
}
