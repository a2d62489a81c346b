import org.apache.rocketmq.client.producer.LocalTransactionState;

/*
 * What a bank says of a transfer: once it carried it out, and then each time
 * that it is asked, the last answer again and again. What it owes is an
 * exception. A late bank carries out only after it was asked and has answered.
 */
enum Plan {
	COMMITTED(false, true, Word.COMMIT),
	ROLLED_BACK(false, false, Word.ROLLBACK),
	ASKED_COMMITS(false, true, Word.UNKNOWN, Word.COMMIT),
	ASKED_ROLLS_BACK(false, false, Word.UNKNOWN, Word.ROLLBACK),
	ASKED_TWICE(false, true, Word.UNKNOWN, Word.UNKNOWN, Word.COMMIT),
	FAILS(false, true, Word.FAILURE, Word.COMMIT),
	ASKED_FAILS(false, true, Word.UNKNOWN, Word.FAILURE, Word.COMMIT),
	/* The first outcome is the only one. */
	LATE(true, true, Word.COMMIT, Word.UNKNOWN),
	LATE_ROLLS_BACK(true, false, Word.ROLLBACK, Word.UNKNOWN),
	LATE_AGAIN(true, true, Word.COMMIT, Word.COMMIT),
	LATE_ROLLS_BACK_COMMITTED(true, true, Word.ROLLBACK, Word.COMMIT),
	LATE_COMMITS_ROLLED_BACK(true, false, Word.COMMIT, Word.ROLLBACK),
	/* The same with the policy commit-wins-once. */
	LATE_COMMIT_WINS(true, true, Word.COMMIT, Word.ROLLBACK),
	/* With an immunity time of its own. */
	IMMUNE(false, true, Word.UNKNOWN, Word.COMMIT),
	/* Until it is told otherwise: Transfer.learn. */
	IGNORANT(false, true, Word.UNKNOWN);

	enum Word {
		COMMIT, ROLLBACK, UNKNOWN, FAILURE;

		LocalTransactionState say() {
			switch (this) {
			case COMMIT:
				return LocalTransactionState.COMMIT_MESSAGE;
			case ROLLBACK:
				return LocalTransactionState.ROLLBACK_MESSAGE;
			case UNKNOWN:
				return LocalTransactionState.UNKNOW;
			default:
				throw new IllegalStateException("the database does not answer");
			}
		}

		boolean decides() {
			return this == COMMIT || this == ROLLBACK;
		}
	}

	final boolean late;
	final boolean arrives;
	private final Word[] words;

	Plan(boolean late, boolean arrives, Word... words) {
		this.late = late;
		this.arrives = arrives;
		this.words = words;
	}

	Word carriedOut() {
		return words[0];
	}

	/* The answer number `time`, from 1 on. */
	Word asked(int time) {
		return words[Math.min(time, words.length - 1)];
	}

	/* How often the broker has to ask at least. */
	int asks() {
		if (late)
			return 1;
		for (int i = 0; i < words.length; i++)
			if (words[i].decides())
				return i;
		return 0;
	}

	/* Whether the bank says at first what is not so in the end. */
	boolean contradicts() {
		return this == LATE_ROLLS_BACK_COMMITTED || this == LATE_COMMITS_ROLLED_BACK;
	}
}
