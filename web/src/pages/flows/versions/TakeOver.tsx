import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { changeFlow, type FlowDiagram, flowQuery, written } from '../../../api/flows'
import { Confirm } from '../Confirm'
import { useDrawing } from './Compare'

/** Makes the diagram of a version the draft, to draw on from there. What runs is left alone. */
export function TakeOver({
  flow,
  version,
  onClose,
}: {
  flow: FlowDiagram
  version: number
  onClose: () => void
}) {
  const navigate = useNavigate()
  const [drawing] = useDrawing(flow, version)
  const etag = useQuery(flowQuery(flow.id)).data?.etag
  const act = async () => {
    if (!drawing) return
    await changeFlow(flow.id, written(drawing), etag)
    await navigate({ to: '/flows/$id', params: { id: flow.id } })
  }
  return (
    <Confirm
      title={`Draw on from version ${version}?`}
      verb="Make it the draft"
      keep="Keep the draft"
      act={act}
      onClose={onClose}
    >
      <div>
        The draft becomes what version {version} was. What is drawn now and was never deployed is replaced:
        export the flow first if you want to keep it. What runs is left alone until you deploy.
      </div>
    </Confirm>
  )
}
