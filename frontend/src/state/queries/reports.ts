import { apiFetch } from '@/http';
import { saveFile } from '@/state/download';

/** Give the Z as a PDF to whatever this device sends files with; where it has nothing of the kind, save it. */
export async function sendZ(sessionId: string, lang: string): Promise<void> {
  const answer = await apiFetch(`/v1/cash/sessions/reports/z/${sessionId}/document?format=pdf&lang=${lang}`);
  const name = /filename="([^"]+)"/.exec(answer.headers.get('Content-Disposition') ?? '')?.[1] ?? 'z.pdf';
  const file = new File([await answer.blob()], name, { type: 'application/pdf' });
  if ('canShare' in navigator && navigator.canShare({ files: [file] })) {
    try {
      await navigator.share({ files: [file], title: name });
      return;
    } catch (error) {
      // Somebody who thought better of it wants no file either.
      if (error instanceof DOMException && error.name === 'AbortError') return;
    }
  }
  saveFile(file, name);
}
