import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/** What every page does. The name servers are those of $NAMESRV_ADDR, else ./quickstart's. */
class Page {
    /** The key of all messages of this run; other messages of the topic are not ours. */
    static final String KEY = UUID.randomUUID().toString();

    static { // a failure ends the program, although threads of the client go on
        Thread.setDefaultUncaughtExceptionHandler((thread, error) -> {
            error.printStackTrace();
            System.exit(1);
        });
    }

    static boolean isOurs(MessageExt message) {
        return KEY.equals(message.getKeys());
    }

    static Message message(String topic, String body) {
        Message message = new Message(topic, body.getBytes());
        message.setKeys(KEY);
        return message;
    }

    static String nameServers() {
        String named = System.getenv("NAMESRV_ADDR");
        return named != null ? named : "127.0.0.1:9876;127.0.0.1:9877";
    }

    static DefaultMQProducer producer() throws Exception {
        DefaultMQProducer producer = new DefaultMQProducer("messages-java");
        prepare(producer);
        producer.start();
        return producer;
    }

    static void prepare(DefaultMQProducer producer) {
        producer.setNamesrvAddr(nameServers());
        // A machine with much else to do needs more than the three seconds of the client.
        producer.setSendMsgTimeout(30000);
        producer.setMqClientApiTimeout(30000);
    }

    /** Not started, because a listener is missing. */
    static DefaultMQPushConsumer consumer(String group) {
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer(group);
        consumer.setNamesrvAddr(nameServers());
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        return consumer;
    }

    /** Waits for the messages that are left, says whether they came, and ends the program. */
    static void end(String page, CountDownLatch left) throws Exception {
        boolean came = left.await(120, TimeUnit.SECONDS);
        System.out.println(page + ": " + (came ? "all came" : left.getCount() + " did not come"));
        System.exit(came ? 0 : 1);
    }
}
