from django.db import migrations


def move_notes(apps, schema_editor):
    """Every call has boxes for each stream; what was written so far was about the first of its streams."""
    Call = apps.get_model("learning", "Call")
    StreamNote = apps.get_model("learning", "StreamNote")
    streams = ("clinical", "real_data", "sustainability")
    boxes = ("wins", "what_data_say", "stuck_on", "decisions")
    for call in Call.objects.iterator():
        first = next((one for one in streams if one in call.workstreams), streams[0])
        StreamNote.objects.bulk_create(
            StreamNote(
                call=call,
                workstream=stream,
                **{box: getattr(call, box) if stream == first else "" for box in boxes},
            )
            for stream in streams
        )


class Migration(migrations.Migration):
    dependencies = [("learning", "0008_programme_life")]

    operations = [migrations.RunPython(move_notes, migrations.RunPython.noop)]
