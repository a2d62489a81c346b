import java.io.BufferedReader;
import java.io.File;
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
		/* Shown by the script when anything fails. */
		File errors = new File(System.getProperty("user.home"), main + ".err");
		process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.appendTo(errors)).start();
		reader = new Thread(() -> read(onLine));
		reader.start();
		/* Whatever becomes of the scenario. */
		Mq.onClose(process::destroyForcibly);
	}

	private void read(Consumer<String> onLine) {
		try (BufferedReader lines = new BufferedReader(new InputStreamReader(process.getInputStream(),
		    java.nio.charset.StandardCharsets.UTF_8))) {
			boolean dump = false;
			for (String line = lines.readLine(); line != null; line = lines.readLine()) {
				dump |= line.startsWith("Full thread dump");
				if (dump)
					System.err.println(line);
				else
					onLine.accept(line);
			}
		} catch (IOException e) {
			/* It is dead. */
		}
	}

	/* As kill -9. */
	void kill() throws InterruptedException {
		process.destroyForcibly().waitFor();
	}

	/* Its exit status, when it ends by itself and all that it printed was read; else it is told to say where it is. */
	int end() throws IOException, InterruptedException {
		if (!process.waitFor(Check.LIMIT_SECONDS, java.util.concurrent.TimeUnit.SECONDS)) {
			new ProcessBuilder("kill", "-QUIT", String.valueOf(process.pid())).start().waitFor();
			Thread.sleep(2000);
			throw new AssertionError("the program does not end");
		}
		reader.join();
		return process.exitValue();
	}
}
