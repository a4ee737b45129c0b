import { MonitorPanel } from "@/features/monitor/MonitorPanel";

export default function MonitorPage() {
  return (
    <main className="mx-auto max-w-6xl p-4">
      <MonitorPanel />
    </main>
  );
}
