/** What to paste to connect a device. The same as in the README. */

export interface Snippet {
  name: string
  /** What it needs. */
  needs: string
  text: string
}

/** `server` is host and port as the browser knows them; `secure` whether TLS is in front. */
export function snippets(server: string, secure: boolean, token: string): Snippet[] {
  const ws = `${secure ? 'wss' : 'ws'}://${server}`
  const [host, port = secure ? '443' : '80'] = server.split(/:(?=\d+$)/)
  return [
    {
      name: 'curl',
      needs: 'curl 8.11 or newer, built with WebSocket support (curl -V lists ws).',
      text: `printf '{"sensor_type":"temperature","value":23.5,"unit":"C"}' |
  curl -sN -T - "${ws}/ws/sensors/?token=${token}"`,
    },
    {
      name: 'Python',
      needs: 'pip install websockets',
      text: `import asyncio, json, random, websockets

async def main(token):
    headers = {"Authorization": f"Bearer {token}"}
    async with websockets.connect("${ws}/ws/v1/device", additional_headers=headers) as ws:
        await ws.send(json.dumps({"t": "hello", "boot": random.getrandbits(32), "next": 1}))
        print(await ws.recv())
        for q in range(1, 61):
            await ws.send(json.dumps({"t": "data", "q": q, "r": [["temperature", 21 + random.random(), 0, "C"]]}))
            print(await ws.recv())    # durable
            await asyncio.sleep(1)

asyncio.run(main("${token}"))`,
    },
    {
      name: 'ESP32',
      needs:
        'Arduino with the library WebSockets of links2004. Use an address that the device reaches, not localhost.',
      text: `#include <WiFi.h>
#include <WebSocketsClient.h>

WebSocketsClient ws;

void setup() {
  WiFi.begin("your network", "its password");
  ws.begin${secure ? 'SSL' : ''}("${host}", ${port}, "/ws/sensors/?token=${token}");
}

void loop() {
  ws.loop();
  static uint32_t last;
  if (millis() - last > 1000) {
    last = millis();
    char frame[96];
    snprintf(frame, sizeof frame, "{\\"sensor_type\\":\\"temperature\\",\\"value\\":%.2f,\\"unit\\":\\"C\\"}", temperatureRead());
    ws.sendTXT(frame);
  }
}`,
    },
  ]
}
