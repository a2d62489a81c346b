import java.util.concurrent.CountDownLatch;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.producer.DefaultMQProducer;

/** Oneway: the message leaves, and nobody answers. For what may get lost, such as log lines. */
public class Oneway {
    public static void main(String[] arguments) throws Exception {
        CountDownLatch left = new CountDownLatch(10);
        DefaultMQProducer producer = Page.producer();
        for (int i = 0; i < 10; i++)
            producer.sendOneway(Page.message("MessagesOneway", "a log line"));

        DefaultMQPushConsumer consumer = Page.consumer("messages-oneway-java");
        consumer.subscribe("MessagesOneway", "*");
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            messages.stream().filter(Page::isOurs).forEach(message -> left.countDown());
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        Page.end("oneway", left);
    }
}
