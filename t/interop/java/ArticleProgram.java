import java.io.PrintStream;

import org.apache.rocketmq.client.producer.LocalTransactionState;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.client.producer.TransactionMQProducer;
import org.apache.rocketmq.common.message.Message;

/*
 * The transaction producer of a much copied article, with its mistakes: the
 * second name-server address lacks an octet, and nobody is there (the article's
 * own, 192.168.1:9876, some networks answer); of each two messages the first is
 * sent twice and the second never; it shuts down directly after the sends, so
 * that nobody is left to be asked; and whoever is asked says COMMIT. Its local
 * transaction fails one time in three: ArticleProgram NAMESRV RUN TOPIC
 * rollback|throw, which is how it tells that it failed.
 */
public final class ArticleProgram {
	private static final PrintStream OUT = System.out;
	private static final int PAIRS = 3;
	private static int executed;

	private ArticleProgram() {
	}

	public static void main(String[] args) {
		try {
			run(args);
		} catch (Throwable e) {
			/* Threads of the producer, which is not shut down, would go on for ever. */
			e.printStackTrace();
			System.exit(2);
		}
	}

	private static void run(String[] args) throws Exception {
		TransactionMQProducer producer = new TransactionMQProducer("T" + args[1] + "_article");
		producer.setNamesrvAddr(args[0].split(";")[0] + ";127.0.1:1");
		/* The machine may be busy with other things. */
		producer.setSendMsgTimeout(30000);
		producer.setTransactionCheckListener(message -> LocalTransactionState.COMMIT_MESSAGE);
		producer.start();
		for (int i = 1; i <= 2 * PAIRS; i += 2) {
			Message first = message(args[2], i);
			Message second = message(args[2], i + 1);
			OUT.println("made " + second.getKeys());
			send(producer, first, args[3]);
			send(producer, first, args[3]);
		}
		producer.shutdown();
	}

	private static Message message(String topic, int number) {
		return new Message(topic, "transaction" + number, "KEY" + number, ("Hello RocketMQ " + number).getBytes());
	}

	private static void send(TransactionMQProducer producer, Message message, String failure) throws Exception {
		SendResult result = producer.sendMessageInTransaction(message, (half, argument) -> {
			if (++executed % 3 != 0) {
				OUT.println("COMMIT " + half.getKeys());
				return LocalTransactionState.COMMIT_MESSAGE;
			}
			OUT.println(failure + " " + half.getKeys());
			if (failure.equals("throw"))
				throw new ArithmeticException("/ by zero");
			return LocalTransactionState.ROLLBACK_MESSAGE;
		}, null);
		OUT.println("sent " + result.getMsgId() + " " + result.getSendStatus());
	}
}
