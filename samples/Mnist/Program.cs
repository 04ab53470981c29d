using Mnist;

var command = TrainingCommand.Create();
command.Subcommands.Add(ScanCommand.Create());
return await command.Parse(args).InvokeAsync();
