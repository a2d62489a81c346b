import java.util.Arrays;
import java.util.concurrent.Callable;

/* What a scenario says when something is not as it must be. */
final class Check {
	static final int LIMIT_SECONDS = Integer.getInteger("interop.limit", 120);

	private Check() {
	}

	static void that(boolean condition, String what) {
		if (!condition)
			throw new AssertionError(what);
	}

	static void same(Object got, Object wanted, String what) {
		that(wanted == null ? got == null : wanted.equals(got),
		    what + ": " + got + ", wanted " + wanted);
	}

	static void same(byte[] got, byte[] wanted, String what) {
		that(Arrays.equals(got, wanted), what + ": " + (got == null ? "no" : got.length)
		    + " bytes, not the " + wanted.length + " bytes sent");
	}

	/* Waits until the condition holds, as long as a busy machine may need. */
	static void until(String what, Callable<Boolean> condition) throws Exception {
		long end = System.nanoTime() + LIMIT_SECONDS * 1_000_000_000L;
		while (!condition.call()) {
			that(System.nanoTime() < end, "after " + LIMIT_SECONDS + " s: not " + what);
			Thread.sleep(20);
		}
	}
}
