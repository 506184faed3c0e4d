/** The little that the text of a widget may say beside words: headings, lists, bold. Everything else is shown as it stands. */

export interface Span {
  text: string
  isBold: boolean
}

export type Block =
  | { kind: 'heading'; spans: Span[] }
  | { kind: 'list'; items: Span[][] }
  | { kind: 'paragraph'; spans: Span[] }

export function blocksOf(text: string): Block[] {
  const blocks: Block[] = []
  let lines: string[] = []
  const close = () => {
    if (lines.length > 0) blocks.push({ kind: 'paragraph', spans: spansOf(lines.join('\n')) })
    lines = []
  }
  for (const line of text.split(/\r?\n/)) {
    const heading = /^#{1,6} +(.*)$/.exec(line)?.[1]
    const item = /^\s*[-*] +(.*)$/.exec(line)?.[1]
    if (heading !== undefined) {
      close()
      blocks.push({ kind: 'heading', spans: spansOf(heading) })
    } else if (item !== undefined) {
      close()
      const last = blocks.at(-1)
      if (last?.kind === 'list') last.items.push(spansOf(item))
      else blocks.push({ kind: 'list', items: [spansOf(item)] })
    } else if (line.trim() === '') {
      close()
    } else {
      lines.push(line)
    }
  }
  close()
  return blocks
}

function spansOf(text: string): Span[] {
  // `**` without its other half is what it looks like
  const parts = text.split(/\*\*(?=\S)([^*]+?)(?<=\S)\*\*/)
  return parts.flatMap((part, i) => (part === '' ? [] : [{ text: part, isBold: i % 2 === 1 }]))
}
