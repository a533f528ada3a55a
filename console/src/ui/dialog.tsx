import { Modal } from "@mantine/core";
import type { ReactNode } from "react";

/** A dialog over the page: focus stays inside, Escape closes it. */
export function Dialog(props: {
  readonly title: string;
  /** In px. Default 480. */
  readonly size?: number;
  readonly onClose: () => void;
  readonly children: ReactNode;
}): ReactNode {
  return (
    <Modal
      opened
      onClose={props.onClose}
      title={props.title}
      centered
      size={props.size ?? 480}
      closeButtonProps={{ "aria-label": "Close" }}
      // Its `header` element would be taken for a second banner of the page.
      attributes={{ header: { role: "none" } }}
    >
      {props.children}
    </Modal>
  );
}
