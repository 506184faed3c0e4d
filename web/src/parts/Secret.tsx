import { Copy } from './Copy'
import { WarnIcon } from './icons'

/** A token that is shown this once. */
export function Secret({ token, of }: { token: string; of: string }) {
  return (
    <div className="stack" style={{ gap: 8 }}>
      <div className="row" style={{ color: 'var(--warn)', flexWrap: 'nowrap' }}>
        <WarnIcon />
        <span>
          Copy it now: it is shown this once and cannot be looked up later. A lost one is replaced by a new
          one.
        </span>
      </div>
      <Copy text={token} label={`token of ${of}`} />
    </div>
  )
}
