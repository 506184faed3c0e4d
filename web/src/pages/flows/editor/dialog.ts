/** Which of the editor's dialogs is open. */
import { create } from 'zustand'

export type Dialog = 'connect' | 'keys' | 'paste'

export const useDialog = create<{ open: Dialog | undefined }>()(() => ({ open: undefined }))

export const openDialog = (open: Dialog) => useDialog.setState({ open })
export const closeDialog = () => useDialog.setState({ open: undefined })
