import java.util.concurrent.CountDownLatch;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeOrderlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerOrderly;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.selector.SelectMessageQueueByHash;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/**
 * Ordered: the steps of an order go to one queue and are consumed one after the other. A step that
 * fails is tried again, and those behind it wait.
 */
public class Ordered {
    private static final String[] STEPS = {"created", "paid", "packed", "sent", "received"};
    private static final int[] next = new int[4];

    public static void main(String[] arguments) throws Exception {
        CountDownLatch left = new CountDownLatch(4 * STEPS.length);
        DefaultMQProducer producer = Page.producer();
        for (int step = 0; step < STEPS.length; step++)
            for (int order = 0; order < 4; order++) {
                Message message = Page.message("MessagesOrdered", STEPS[step]);
                message.setFlag(order * STEPS.length + step);
                producer.send(message, new SelectMessageQueueByHash(), "order-" + order);
            }

        DefaultMQPushConsumer consumer = Page.consumer("messages-ordered-java");
        consumer.setConsumeMessageBatchMaxSize(1);
        consumer.subscribe("MessagesOrdered", "*");
        consumer.registerMessageListener((MessageListenerOrderly) (messages, context) -> {
            MessageExt message = messages.get(0);
            int order = message.getFlag() / STEPS.length, step = message.getFlag() % STEPS.length;
            if (!Page.isOurs(message))
                return ConsumeOrderlyStatus.SUCCESS;
            // The packer of order 1 is away when he is asked for the first time.
            if (order == 1 && step == 2 && message.getReconsumeTimes() == 0) {
                context.setSuspendCurrentQueueTimeMillis(300);
                return ConsumeOrderlyStatus.SUSPEND_CURRENT_QUEUE_A_MOMENT;
            }
            System.out.println("queue " + message.getQueueId() + ": order " + order + " " + STEPS[step]);
            if (next[order]++ == step)
                left.countDown();
            return ConsumeOrderlyStatus.SUCCESS;
        });
        consumer.start();
        Page.end("ordered", left);
    }
}
