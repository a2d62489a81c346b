import java.io.File;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

/*
 * What the members of a group have consumed, in the order in which they did: one file that each process
 * appends to, a line "MEMBER ORDER NUMBER" at a time. Any thread.
 *
 * Of each order, number n + 1 follows n. A member that takes a queue over may begin again at an earlier
 * number; from there the numbers follow each other once more. So a second member that consumes the same
 * queue at the same time is seen as well as a message that is lost.
 */
final class Journal {
	private final File file;
	private final FileOutputStream out;

	/* As far as it was read. */
	private long read;
	private final Map<String, Integer> last = new HashMap<>();
	private final Map<String, Integer> highest = new HashMap<>();
	private final Map<String, Integer> members = new HashMap<>();
	private int replayed;
	private String fault;

	Journal(File file) throws IOException {
		this.file = file;
		out = new FileOutputStream(file, true);
	}

	File file() {
		return file;
	}

	/* "ORDER NUMBER" was consumed. */
	void add(String member, String what) {
		try {
			out.write((member + " " + what + "\n").getBytes(StandardCharsets.UTF_8));
		} catch (IOException e) {
			throw new IllegalStateException(e);
		}
	}

	private void follow() throws IOException {
		try (RandomAccessFile in = new RandomAccessFile(file, "r")) {
			byte[] bytes = new byte[(int) (in.length() - read)];
			in.seek(read);
			in.readFully(bytes);
			read += bytes.length;
			for (String line : new String(bytes, StandardCharsets.UTF_8).split("\n"))
				if (!line.isEmpty())
					judge(line, line.split(" "));
		}
	}

	private void judge(String line, String[] words) {
		int number = Integer.parseInt(words[2]);
		int before = last.getOrDefault(words[1], -1);
		if (number > before + 1 && fault == null)
			fault = "\"" + line + "\" comes after number " + before + " of this order";
		last.put(words[1], number);
		if (number > highest.getOrDefault(words[1], -1))
			highest.put(words[1], number);
		else
			replayed++;
		members.merge(words[0], 1, Integer::sum);
	}

	/* How much a member has consumed. */
	synchronized int of(String member) throws IOException {
		follow();
		return members.getOrDefault(member, 0);
	}

	/* The highest number of each order. */
	synchronized Map<String, Integer> highest() throws IOException {
		follow();
		Check.that(fault == null, fault);
		return new HashMap<>(highest);
	}

	synchronized int replayed() {
		return replayed;
	}
}
