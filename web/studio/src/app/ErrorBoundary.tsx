import { Component, type ReactNode } from "react";
import { Broken } from "./Broken";

/** Shows a page that explains itself when another one fails to draw. Give it a key, so that another page starts afresh. */
export class ErrorBoundary extends Component<{ children: ReactNode }, { isFailed: boolean }> {
  override state = { isFailed: false };

  static getDerivedStateFromError() {
    return { isFailed: true };
  }

  override render() {
    return this.state.isFailed ? <Broken /> : this.props.children;
  }
}
