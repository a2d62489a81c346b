import java.io.PrintStream;

import org.apache.rocketmq.client.producer.LocalTransactionState;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/*
 * A producer in a JVM of its own, to be killed after its local transactions and
 * before it can tell the broker: Teller NAMESRV RUN GROUP TOPIC KEY...
 */
public final class Teller implements Bank {
	private static final PrintStream OUT = System.out;

	private Teller() {
	}

	public static void main(String[] args) throws Exception {
		Mq.namesrv = args[0];
		Mq.run = args[1];
		Transactor transactor = Mq.transactor(args[2], new Teller());
		for (int i = 4; i < args.length; i++) {
			Transfer transfer = new Transfer(args[3], args[i]);
			new Thread(() -> {
				try {
					transfer.sendBy(transactor);
				} catch (Exception e) {
					OUT.println("failed " + e);
				}
			}).start();
		}
		Thread.sleep(Long.MAX_VALUE);
	}

	@Override
	public LocalTransactionState carryOut(Message message) {
		OUT.println("done " + message.getKeys());
		OUT.flush();
		try {
			Thread.sleep(Long.MAX_VALUE);
		} catch (InterruptedException e) {
			throw new IllegalStateException(e);
		}
		return null;
	}

	@Override
	public LocalTransactionState asked(MessageExt message) {
		return LocalTransactionState.UNKNOW;
	}
}
