import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.message.Message;

/** Batch: many small messages in one request, to one queue. They are separate messages again there. */
public class Batch {
    public static void main(String[] arguments) throws Exception {
        CountDownLatch left = new CountDownLatch(100);
        DefaultMQProducer producer = Page.producer();
        List<Message> batch = new ArrayList<>();
        // All of them together may have the size of one message (maxMessageSize).
        for (int i = 0; i < 100; i++)
            batch.add(Page.message("MessagesBatch", "hello " + i));
        System.out.println(producer.send(batch).getSendStatus());

        DefaultMQPushConsumer consumer = Page.consumer("messages-batch-java");
        consumer.subscribe("MessagesBatch", "*");
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            messages.stream().filter(Page::isOurs).forEach(message -> left.countDown());
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        Page.end("batch", left);
    }
}
