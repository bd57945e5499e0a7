/** What a caller may ask of a chat, and what it gets for it. */

export interface Command<T = void> {
  /** Names it in `state.outgoing`; of a message it is the `client_message_id`. */
  readonly id: string;
  /** Kept once the server has it; broken with a `MozaiksError` if it is refused or the client forgets it. */
  readonly confirmed: Promise<T>;
}

export interface SendOptions {
  /** The open request it answers. */
  readonly requestId?: string;
  /** While a run is going: wait for its next turn (default), stop the turn for it, or be refused. */
  readonly onBusy?: "enqueue" | "interrupt" | "reject";
  /** The client message id, if it is to be another than a fresh one. */
  readonly id?: string;
}

export interface WorkflowRun {
  readonly workflowName: string;
  readonly initialMessage?: string;
}
