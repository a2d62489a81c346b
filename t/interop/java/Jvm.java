import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/* A program in a JVM of its own, like this one; what it prints is read as it comes. */
final class Jvm {
	private final Process process;
	private final Thread reader;

	/* MAIN NAMESRV RUN WORD... */
	Jvm(Consumer<String> onLine, String main, String... words) throws IOException {
		List<String> command = new ArrayList<>();
		command.add(System.getProperty("java.home") + "/bin/java");
		command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
		command.addAll(Arrays.asList("-cp", System.getProperty("java.class.path"), main, Mq.namesrv, Mq.run));
		command.addAll(Arrays.asList(words));
		process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
		reader = new Thread(() -> read(onLine));
		reader.start();
		/* Whatever becomes of the scenario. */
		Mq.onClose(process::destroyForcibly);
	}

	private void read(Consumer<String> onLine) {
		try (BufferedReader lines = new BufferedReader(new InputStreamReader(process.getInputStream(),
		    java.nio.charset.StandardCharsets.UTF_8))) {
			for (String line = lines.readLine(); line != null; line = lines.readLine())
				onLine.accept(line);
		} catch (IOException e) {
			/* It is dead. */
		}
	}

	/* As kill -9. */
	void kill() throws InterruptedException {
		process.destroyForcibly().waitFor();
	}

	/* Its exit status, when it ends by itself and all that it printed was read. */
	int end(int seconds) throws InterruptedException {
		Check.that(process.waitFor(seconds, java.util.concurrent.TimeUnit.SECONDS),
		    "the program does not end");
		reader.join();
		return process.exitValue();
	}
}
