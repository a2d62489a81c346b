import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/*
 * A real RocketMQ client against a running cluster: Interop NAMESRV RUN SCENARIO...
 *
 * Each scenario is a class that implements Scenario, so that a generation of
 * the client without lite pull simply is compiled without LitePull.java. RUN
 * makes the names of topics and groups unique. Scenarios with a + between them
 * are played at the same time. For each scenario one line, "ok NAME detail" or
 * "not ok NAME reason". A scenario that needs a broker killed says "do kill
 * broker-a" and waits for a line on stdin, so that killing stays with the
 * script that owns the processes.
 */
public final class Interop {
	private static final int SCENARIO_SECONDS = Integer.getInteger("interop.seconds", 400);
	private static final BufferedReader STDIN = new BufferedReader(new InputStreamReader(System.in));

	private Interop() {
	}

	public static void main(String[] args) throws Exception {
		Mq.namesrv = args[0];
		Mq.run = args[1];
		ExecutorService worker = Executors.newCachedThreadPool(task -> {
			Thread thread = new Thread(task);
			thread.setDaemon(true);
			return thread;
		});
		boolean good = true;
		for (int i = 2; i < args.length; i++)
			good &= together(worker, args[i].split("\\+"));
		Mq.closeAll();
		System.out.flush();
		System.exit(good ? 0 : 1);
	}

	private static boolean together(ExecutorService worker, String[] names) {
		List<Future<String>> futures = new ArrayList<>();
		for (String name : names) {
			long start = System.nanoTime();
			futures.add(worker.submit(() -> scenario(name).run() + ", " + seconds(start)));
		}
		boolean good = true;
		for (int i = 0; i < names.length; i++)
			good &= report(names[i], futures.get(i));
		return good;
	}

	private static boolean report(String name, Future<String> future) {
		try {
			say("ok " + name + " " + future.get(SCENARIO_SECONDS, TimeUnit.SECONDS));
			return true;
		} catch (ExecutionException e) {
			e.getCause().printStackTrace();
			say("not ok " + name + " " + String.valueOf(e.getCause()).replace('\n', ' '));
		} catch (TimeoutException e) {
			say("not ok " + name + " not done after " + SCENARIO_SECONDS + " s");
		} catch (InterruptedException e) {
			say("not ok " + name + " interrupted");
		}
		return false;
	}

	/* Of the class with that name; after a colon follows what its constructor gets. */
	private static Scenario scenario(String name) throws ReflectiveOperationException {
		String[] words = (Character.toUpperCase(name.charAt(0)) + name.substring(1)).split(":");
		Class<?> type = Class.forName(words[0]);
		return (Scenario) (words.length == 1 ? type.getDeclaredConstructor().newInstance()
		    : type.getDeclaredConstructor(String.class).newInstance(words[1]));
	}

	private static String seconds(long start) {
		return String.format("%.1f s", (System.nanoTime() - start) / 1e9);
	}

	static synchronized void say(String line) {
		System.out.println(line);
		System.out.flush();
	}

	/* Asks the calling script for something and waits until it is done. One asks at a time. */
	static void ask(String what) throws IOException {
		synchronized (STDIN) {
			say("do " + what);
			String answer = STDIN.readLine();
			if (!"done".equals(answer))
				throw new IOException("the script answers " + answer + " to " + what);
		}
	}

	/* Whether the script can do it by now. */
	static boolean succeeds(String what) {
		try {
			ask(what);
			return true;
		} catch (IOException e) {
			return false;
		}
	}
}
