import java.util.concurrent.CountDownLatch;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.message.Message;

/** Delay: by a level of the broker, by milliseconds, or at a time of day. */
public class Delay {
    public static void main(String[] arguments) throws Exception {
        CountDownLatch left = new CountDownLatch(3);
        DefaultMQPushConsumer consumer = Page.consumer("messages-delay-java");
        consumer.subscribe("MessagesDelay", "*");
        long at = System.currentTimeMillis() + 2000;
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            messages.stream().filter(Page::isOurs).forEach(message -> {
                String body = new String(message.getBody());
                long took = System.currentTimeMillis() - message.getBornTimestamp();
                System.out.println(body + " came after " + took + " ms");
                if (body.equals("at a time") ? System.currentTimeMillis() >= at : took >= 1000)
                    left.countDown();
            });
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();

        DefaultMQProducer producer = Page.producer();
        Message level = Page.message("MessagesDelay", "level 1");
        level.setDelayTimeLevel(1); // 1 s by default
        Message delay = Page.message("MessagesDelay", "1500 ms");
        delay.setDelayTimeMs(1500);
        Message time = Page.message("MessagesDelay", "at a time");
        time.setDeliverTimeMs(at);
        for (Message message : new Message[] {level, delay, time})
            producer.send(message);
        Page.end("delay", left);
    }
}
