import { apiFetch } from '@/http';

/** Save what an address answers as a file, with the token that a plain link could not send. */
export async function download(path: string, name?: string): Promise<void> {
  const answer = await apiFetch(path);
  const told = /filename="([^"]+)"/.exec(answer.headers.get('Content-Disposition') ?? '')?.[1];
  saveFile(await answer.blob(), name ?? told ?? 'file');
}

export function saveFile(content: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  // The browser has taken hold of it by then.
  setTimeout(() => {
    URL.revokeObjectURL(link.href);
  }, 60_000);
}
