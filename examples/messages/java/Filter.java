import java.util.concurrent.CountDownLatch;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.MessageSelector;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.message.Message;

/** Filter: one group chooses by tag, another by an SQL92 expression on the properties. */
public class Filter {
    private static final String[] COLOURS = {"red", "green", "blue"};

    public static void main(String[] arguments) throws Exception {
        CountDownLatch left = new CountDownLatch(20 + 6);
        DefaultMQProducer producer = Page.producer();
        for (int i = 0; i < 30; i++) { // ten of each colour, at prices from 0 to 29
            Message message = Page.message("MessagesFilter", "a shirt");
            message.setTags(COLOURS[i % 3]);
            message.putUserProperty("price", String.valueOf(i));
            producer.send(message);
        }

        consume("messages-filter-java", MessageSelector.byTag("green || blue"), left);
        consume("messages-filter-sql-java",
            MessageSelector.bySql("price BETWEEN 10 AND 18 AND TAGS IN ('green', 'blue')"), left);
        Page.end("filter", left);
    }

    private static void consume(String group, MessageSelector selector, CountDownLatch left) throws Exception {
        DefaultMQPushConsumer consumer = Page.consumer(group);
        consumer.subscribe("MessagesFilter", selector);
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            messages.stream().filter(Page::isOurs).forEach(message -> {
                if (!message.getTags().equals("red"))
                    left.countDown();
                System.out.println(group + ": " + message.getTags() + " for " + message.getUserProperty("price"));
            });
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
    }
}
