import java.util.concurrent.CountDownLatch;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendCallback;
import org.apache.rocketmq.client.producer.SendResult;

/** Async: all sends are on their way at once; a callback hears how each of them ended. */
public class Async {
    public static void main(String[] arguments) throws Exception {
        CountDownLatch left = new CountDownLatch(20); // ten replies, ten messages
        DefaultMQProducer producer = Page.producer();
        for (int i = 0; i < 10; i++)
            producer.send(Page.message("MessagesAsync", "hello " + i), new SendCallback() {
                @Override
                public void onSuccess(SendResult result) {
                    System.out.println(result);
                    left.countDown();
                }

                @Override
                public void onException(Throwable error) {
                    System.out.println(error);
                }
            });

        DefaultMQPushConsumer consumer = Page.consumer("messages-async-java");
        consumer.subscribe("MessagesAsync", "*");
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            messages.stream().filter(Page::isOurs).forEach(message -> left.countDown());
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        Page.end("async", left);
    }
}
