import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;

/* Pops messages, never acknowledges them, and is killed: PopMember NAMESRV RUN TOPIC. */
public final class PopMember {
	private PopMember() {
	}

	public static void main(String[] args) throws Exception {
		Mq.namesrv = args[0];
		Mq.run = args[1];
		Pop.consumer(args[2], (messages, context) -> {
			System.out.println("holds " + messages.get(0).getKeys());
			System.out.flush();
			try {
				Thread.sleep(Long.MAX_VALUE);
			} catch (InterruptedException e) {
				/* It ends. */
			}
			return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
		});
		Thread.sleep(Long.MAX_VALUE);
	}
}
