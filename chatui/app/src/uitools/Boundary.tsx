import { Component, type ErrorInfo, type ReactNode } from "react";
import { AlertIcon } from "../icons.tsx";

interface Props {
  /** What is said to have failed: "This view", "The component DatePicker". */
  readonly what: string;
  /** Shown below the reason: another way to go on. */
  readonly instead?: ReactNode;
  readonly children: ReactNode;
}

/** Keeps what throws inside from taking the page with it. */
export class Boundary extends Component<Props, { error: Error | null }> {
  override state: { error: Error | null } = { error: null };

  static getDerivedStateFromError(error: unknown): { error: Error } {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  override componentDidCatch(error: unknown, info: ErrorInfo): void {
    console.error(`${this.props.what} failed`, error, info.componentStack);
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === null) return this.props.children;
    return (
      <div className="broken">
        <div className="notice" data-kind="error" role="alert">
          <AlertIcon />
          <div>
            <p>{this.props.what} could not be shown.</p>
            <details>
              <summary>Details</summary>
              <p>
                <code>{error.message}</code>
              </p>
            </details>
          </div>
          <button type="button" onClick={() => this.setState({ error: null })}>
            Try again
          </button>
        </div>
        {this.props.instead}
      </div>
    );
  }
}
